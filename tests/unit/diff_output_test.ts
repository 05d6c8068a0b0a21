/** What git prints as a diff becomes a list of files with patches, however the bytes arrive and whatever they hold. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChangedFile, PATCH_BYTES_MAX, PATCHES_BYTES_MAX } from "../../src/domain/task_changes.ts";
import { DiffOutput, type DiffResult } from "../../src/workspaces/changes/diff_output.ts";

const encoder = new TextEncoder();
const OLD = "1".repeat(40);
const NEW = "2".repeat(40);

/** A file as the test describes it, before git has printed it. */
interface Given {
  letters: "A" | "M" | "D" | "R086" | "T";
  path: string;
  old_path: string;
  /** Undefined: binary. */
  counts: [number, number] | undefined;
  /** The lines after `diff --git`, one text for each patch. */
  patches: string[];
}

const isRename = (given: Given) => given.letters.startsWith("R");

function printed(files: readonly Given[]): string {
  const raw = files.map((f) =>
    `:100644 100644 ${OLD} ${NEW} ${f.letters}\0${isRename(f) ? `${f.old_path}\0` : ""}${f.path}\0`
  );
  const counts = files.map(({ counts, ...f }) =>
    `${counts?.[0] ?? "-"}\t${counts?.[1] ?? "-"}\t${
      isRename(f as Given) ? `\0${f.old_path}\0` : ""
    }${f.path}\0`
  );
  const patches = files.flatMap((f) => f.patches.map((body) => `diff --git a/x b/x\n${body}`));
  return `${raw.join("")}${counts.join("")}\0${patches.join("")}`;
}

function read(bytes: Uint8Array, cuts: readonly number[] = [], output = new DiffOutput()): DiffResult {
  let at = 0;
  for (const cut of [...cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length]) {
    if (cut < at) continue;
    // As from a pipe: the buffer of a chunk is used again for the next one.
    const chunk = bytes.slice(at, cut);
    const goesOn = output.write(chunk);
    chunk.fill(0xff);
    if (!goesOn) break;
    at = cut;
  }
  return output.end();
}

const name = fc.oneof(
  fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,2}$/),
  fc.constantFrom(
    ":colon",
    "-x",
    "--stat",
    'quo"te',
    "new\nline",
    "ta\tb",
    "日本語.txt",
    "diff --git a",
    " ",
    "1\t2\t",
  ),
);
const line = fc.oneof(
  fc.stringMatching(/^[ +-][a-zé ]{0,12}$/),
  fc.constantFrom(
    "+diff --git a/x b/x",
    "-diff --git",
    "@@ -1 +1 @@",
    "+a\r",
    "\\ No newline at end of file",
    "+di",
  ),
);
const body = fc.array(line, { maxLength: 6 }).map((lines) => lines.map((each) => `${each}\n`).join(""));

const given: fc.Arbitrary<Given> = fc.record({
  letters: fc.constantFrom("A", "M", "D", "R086", "T"),
  path: name,
  old_path: name,
  counts: fc.option(fc.tuple(fc.nat(99), fc.nat(99)), { nil: undefined }),
  patches: fc.array(body, { minLength: 2, maxLength: 2 }),
}).map((each) => ({ ...each, patches: each.patches.slice(0, each.letters === "T" ? 2 : 1) }) as Given);

const STATUS = { A: "added", M: "modified", D: "deleted", R086: "renamed", T: "type_changed" } as const;

function expected(each: Given): ChangedFile {
  const [additions, deletions] = each.counts ?? [0, 0];
  const file: ChangedFile = {
    path: each.path,
    old_path: isRename(each) ? each.old_path : undefined,
    status: STATUS[each.letters],
    binary: each.counts === undefined,
    additions,
    deletions,
    blob: NEW,
  };
  if (each.counts) file.patch = each.patches.map((one) => `diff --git a/x b/x\n${one}`).join("");
  return file;
}

Deno.test("diff: every file has its own counts and its own patch, in whatever pieces the output arrives", () => {
  fc.assert(
    fc.property(
      fc.array(given, { maxLength: 8 }),
      fc.array(fc.nat(2000), { maxLength: 12 }),
      (files, cuts) => {
        const result = read(encoder.encode(printed(files)), cuts);
        assert.deepEqual(result.files, files.map(expected));
        assert.equal(result.files_truncated, false);
        const sum = (side: 0 | 1) => files.reduce((all, { counts }) => all + (counts?.[side] ?? 0), 0);
        assert.deepEqual(result.totals, { files: files.length, additions: sum(0), deletions: sum(1) });
      },
    ),
  );
});

Deno.test("diff: a bound on files or names leaves files out of the list but not of the totals", () => {
  fc.assert(
    fc.property(
      fc.array(given, { minLength: 1, maxLength: 8 }),
      fc.nat(6),
      fc.nat(60),
      (files, most, names) => {
        const output = new DiffOutput(() => true, { files: most, names });
        const result = read(encoder.encode(printed(files)), [], output);
        const { length } = result.files;
        assert.ok(length <= most);
        assert.deepEqual(result.files, files.slice(0, length).map(expected));
        assert.equal(result.files_truncated, length < files.length);
        assert.equal(result.totals.files, files.length);
        const bytes = encoder.encode(result.files.map((f) => f.path + (f.old_path ?? "")).join("")).length;
        assert.ok(bytes <= names);
      },
    ),
  );
});

Deno.test("diff: only wanted files are listed and counted, each still with its own patch", () => {
  fc.assert(
    fc.property(
      fc.array(given, { maxLength: 8 }),
      fc.array(fc.nat(2000), { maxLength: 5 }),
      (files, cuts) => {
        const output = new DiffOutput(({ status }) => status !== "modified");
        const result = read(encoder.encode(printed(files)), cuts, output);
        assert.deepEqual(result.files, files.filter(({ letters }) => letters !== "M").map(expected));
      },
    ),
  );
});

const file = (path: string, ...patches: string[]): Given => ({
  letters: patches.length === 2 ? "T" : "A",
  path,
  old_path: "",
  counts: [1, 0],
  patches,
});
const HEADER = "diff --git a/x b/x\n";

Deno.test("diff: a long patch is cut at its bound, in whole characters, and says so", () => {
  for (const [character, size] of [["a", 1], ["é", 2], ["語", 3], ["😀", 4]] as const) {
    for (const shift of ["", "x", "xx", "xxx"]) {
      const long = `+${shift}${character.repeat(PATCH_BYTES_MAX / size)}\n`;
      const { files } = read(encoder.encode(printed([file("a", long), file("b", "+b\n")])), [
        70_000,
        200_000,
      ]);
      const [cut, whole] = files;
      const bytes = encoder.encode(cut!.patch).length;
      assert.ok(bytes <= PATCH_BYTES_MAX && bytes > PATCH_BYTES_MAX - size, `${bytes}`);
      assert.ok((HEADER + long).startsWith(cut!.patch!));
      assert.equal(cut!.truncated, true);
      assert.deepEqual([whole!.patch, whole!.truncated], [`${HEADER}+b\n`, undefined]);
    }
  }
});

Deno.test("diff: a patch of exactly the bound is whole", () => {
  const fits = `+${"a".repeat(PATCH_BYTES_MAX - HEADER.length - 2)}\n`;
  const [whole, longer] = read(encoder.encode(printed([file("a", fits), file("b", `+${fits}`)]))).files;
  assert.deepEqual([whole!.patch, whole!.truncated], [HEADER + fits, undefined]);
  assert.equal(longer!.truncated, true);
});

Deno.test("diff: both patches of a changed type share one bound", () => {
  const half = `+${"é".repeat(PATCH_BYTES_MAX / 3)}\n`;
  const [one] = read(encoder.encode(printed([file("a", half, half)]))).files;
  assert.ok(encoder.encode(one!.patch).length <= PATCH_BYTES_MAX);
  assert.equal(one!.truncated, true);
});

Deno.test("diff: all patches together have a bound; files without room are marked, binary ones are not", () => {
  const big = `+${"a".repeat(200_000)}\n`;
  const files = Array.from({ length: 40 }, (_, i) => file(`f${i}`, big));
  files[30]!.counts = undefined;
  const result = read(encoder.encode(printed(files)));
  const sum = result.files.reduce((all, { patch = "" }) => all + patch.length, 0);
  assert.equal(sum, PATCHES_BYTES_MAX);
  const full = PATCHES_BYTES_MAX / (big.length + HEADER.length);
  result.files.forEach((each, i) => {
    assert.equal(each.truncated, i === 30 || i < Math.floor(full) ? undefined : true, each.path);
  });
  assert.equal(result.files.at(-1)!.patch, undefined);
});

Deno.test("diff: no more is read than the answer has room for", () => {
  const files = Array.from({ length: 40 }, (_, i) => file(`f${i}`, `+${"a".repeat(200_000)}\n`));
  const output = new DiffOutput();
  const bytes = encoder.encode(printed(files));
  let at = 0;
  while (output.write(bytes.slice(at, at + 50_000))) at += 50_000;
  assert.ok(at < PATCHES_BYTES_MAX + 300_000, `${at}`);
});

Deno.test("diff: what is not UTF-8 is replaced, in names and in content, and counts in the bound as it is sent", () => {
  const bytes = encoder.encode(printed([file("n?", `+${"?".repeat(PATCH_BYTES_MAX / 2)}\n`)]));
  bytes.forEach((byte, i) => {
    if (byte === 0x3f) bytes[i] = 0xff;
  });
  const [one] = read(bytes).files;
  assert.equal(one!.path, "n\ufffd");
  assert.ok(encoder.encode(one!.patch).length <= PATCH_BYTES_MAX);
  assert.equal(one!.truncated, true);
  assert.ok(one!.patch!.startsWith(`${HEADER}+\ufffd\ufffd`));
});
