/** A task's changes on a terminal, in a pipe, and in a pager. */
import assert from "node:assert/strict";
import { patchLines, standingNotes, statLines } from "../../src/cli/diff_text.ts";
import { showPaged } from "../../src/cli/pager.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import type { ChangedFile, TaskChanges } from "../../src/domain/task_changes.ts";

function terminalFor(isTerminal: boolean): { terminal: Terminal; written: () => string } {
  let text = "";
  const out = { write: (more: string) => void (text += more), isTerminal, width: () => 80 };
  return { terminal: new Terminal(out, out, isTerminal), written: () => text };
}

const file = (path: string, more: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  status: "modified",
  binary: false,
  additions: 0,
  deletions: 0,
  blob: "0".repeat(40),
  ...more,
});

const PATCH = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@ f\n same\n-\x1b[31mold\n+new\r\n";

Deno.test("cli diff: a pipe gets the patches as git can apply them", () => {
  const { terminal } = terminalFor(false);
  const files = [
    file("a", { patch: PATCH }),
    file("b", { patch: "diff --git a/b b/b\n+cut", truncated: true }),
  ];
  const text = patchLines([...files, file("c\n.bin", { binary: true })], terminal);
  assert.equal(text, `${PATCH}diff --git a/b b/b\n+cut\n# c .bin: modified, binary`);
});

Deno.test("cli diff: a terminal gets colors and none of the content's escape sequences", () => {
  const { terminal } = terminalFor(true);
  assert.equal(
    patchLines([file("a", { patch: PATCH })], terminal),
    [
      "\x1b[1mdiff --git a/a b/a\x1b[0m",
      "\x1b[1m--- a/a\x1b[0m",
      "\x1b[1m+++ b/a\x1b[0m",
      "\x1b[36m@@ -1,2 +1,2 @@ f\x1b[0m",
      " same",
      "\x1b[31m-old\x1b[0m",
      "\x1b[32m+new\x1b[0m",
    ].join("\n"),
  );
});

const changes = (more: Partial<TaskChanges>): TaskChanges => ({
  base_commit: "1",
  head_commit: "2",
  uncommitted: false,
  files: [],
  totals: { files: 0, additions: 0, deletions: 0 },
  ahead: 0,
  behind: 0,
  conflicts: [],
  ...more,
});

Deno.test("cli diff: --stat has a line for each file and one for all", () => {
  const { terminal } = terminalFor(false);
  const files = [
    file("long.ts", { additions: 90, deletions: 30 }),
    file("new.ts", { old_path: "old.ts", status: "renamed", additions: 1 }),
    file("b.bin", { binary: true }),
    file("run.sh"),
  ];
  const totals = { files: 6, additions: 91, deletions: 30 };
  assert.deepEqual(statLines(changes({ files, totals, files_truncated: true }), terminal), [
    ` long.ts          | 120 ${"+".repeat(23)}${"-".repeat(8)}`,
    " old.ts => new.ts |   1 +",
    " b.bin            | binary",
    " run.sh           |   0",
    " … and 2 more",
    " 6 files changed, +91 −30",
  ]);
});

Deno.test("cli diff: what else is to be known", () => {
  assert.deepEqual(standingNotes(changes({}), {}), []);
  assert.deepEqual(
    standingNotes(
      changes({
        uncommitted: true,
        ahead: 1,
        behind: 2,
        conflicts: ["a", "b\n"],
        files: [file("a", { truncated: true })],
      }),
      {},
    ),
    [
      "some of this is not committed yet",
      "1 commit ahead of its base, 2 behind",
      "would conflict: a, b",
      "1 patch too long: name a file or folder to see it alone",
    ],
  );
  const accepted = { method: "squash", into: "main", commit: "c1", head: "h1", at: "" } as const;
  assert.deepEqual(standingNotes(changes({ ahead: 1 }), { review: "accepted", accepted }), [
    "accepted: commit c1 of 'main'",
  ]);
  const discarded = { kept_as: "refs/opencode-agents/discarded/t", at: "" };
  assert.deepEqual(standingNotes(changes({ ahead: 1 }), { review: "discarded", discarded }), [
    "discarded: the commits are kept as refs/opencode-agents/discarded/t",
  ]);
});

Deno.test("cli diff: a pager gets the text; without one it is printed", async () => {
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("PAGER");
  try {
    Deno.env.set("PAGER", `cat > ${folder}/paged`);
    const paged = terminalFor(true);
    await showPaged(paged.terminal, "text");
    assert.deepEqual([await Deno.readTextFile(`${folder}/paged`), paged.written()], ["text\n", ""]);
    for (const pager of ["cat", " ", "/nowhere/pager 2>/dev/null"]) {
      Deno.env.set("PAGER", pager);
      const { terminal, written } = terminalFor(true);
      await showPaged(terminal, "text");
      assert.equal(written(), "text\n", pager);
    }
    Deno.env.set("PAGER", "exit 0");
    const quit = terminalFor(true);
    await showPaged(quit.terminal, "x".repeat(1_000_000));
    assert.equal(quit.written(), "");
  } finally {
    if (before === undefined) Deno.env.delete("PAGER");
    else Deno.env.set("PAGER", before);
    await Deno.remove(folder, { recursive: true });
  }
});
