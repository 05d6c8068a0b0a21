/** How an agent gets a task's attachments: in its prompt, or as files in the workspace that go when it ends. */
import assert from "node:assert/strict";
import type { AttachmentFile, RunRequest } from "../../src/domain/run_request.ts";
import { PlacedFiles } from "../../src/agents/attachments/placed_files.ts";
import { startCommand } from "../../src/agents/command/run_command.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { acpRequest, frank, ran } from "./fixtures/acp_run.ts";
import { type Bench, requestFor, withSupervisor } from "./fixtures/harness.ts";

type Block = Record<string, unknown> & { type: string };

async function attached(
  folder: string,
  name: string,
  mime_type: string,
  content: string | Uint8Array,
): Promise<AttachmentFile> {
  await Deno.mkdir(`${folder}/kept`, { recursive: true });
  const path = `${folder}/kept/${crypto.randomUUID()}`;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(path, bytes);
  return { id: `att_${name}`, name, mime_type, bytes: bytes.length, path };
}

async function workspace({ folder }: Bench): Promise<string> {
  await Deno.mkdir(`${folder}/work`, { recursive: true });
  return `${folder}/work`;
}

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

/** The blocks that an agent with these abilities is sent. */
async function sentTo(
  bench: Bench,
  capabilities: Record<string, unknown>,
  attachments: AttachmentFile[],
): Promise<Block[]> {
  const work = await workspace(bench);
  const request: RunRequest = {
    ...acpRequest(work, frank({ promptCapabilities: capabilities }), "look"),
    attachments,
  };
  const { outcome } = await ran(bench, request);
  assert.equal(outcome.status, "completed", outcome.failure?.message);
  assert.deepEqual(await namesIn(work), [], "nothing stays");
  return JSON.parse(outcome.output).blocks;
}

const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);

Deno.test("attachments: an agent that takes images, sounds and texts gets them in its prompt", () =>
  withSupervisor(async (bench) => {
    const files = [
      await attached(bench.folder, "a.png", "image/png", PNG),
      await attached(bench.folder, "b.wav", "audio/wav", "sound"),
      await attached(bench.folder, "c ü.md", "text/markdown", "# Grüße"),
    ];
    const [prompt, ...blocks] = await sentTo(
      bench,
      { image: true, audio: true, embeddedContext: true },
      files,
    );
    assert.equal(prompt!.text, "look");
    assert.deepEqual(blocks, [
      { type: "image", mimeType: "image/png", data: "iVBORw0KGgo=" },
      { type: "audio", mimeType: "audio/wav", data: "c291bmQ=" },
      {
        type: "resource",
        resource: { uri: "attachment:///c%20%C3%BC.md", mimeType: "text/markdown", text: "# Grüße" },
      },
    ]);
  }));

Deno.test("attachments: what an agent does not take in its prompt is a file that the prompt names", () =>
  withSupervisor(async (bench) => {
    const files = [
      await attached(bench.folder, "a.png", "image/png", PNG),
      await attached(bench.folder, "c.md", "text/markdown", "# Hi"),
    ];
    const [, ...blocks] = await sentTo(bench, {}, files);
    assert.deepEqual(blocks.map(({ type }) => type), ["text"]);
    const text = blocks[0]!.text as string;
    assert.match(text, /do not commit/);
    assert.match(text, /^- \.attachments-task-1\/a\.png \(image\/png, 8 B\)$/m);
    assert.match(text, /^- \.attachments-task-1\/c\.md \(text\/markdown, 4 B\)$/m);
  }));

Deno.test("attachments: what is no text, no image that models take, or too large goes as a file to any agent", () =>
  withSupervisor(async (bench) => {
    const files = [
      await attached(bench.folder, "a.pdf", "application/pdf", "%PDF"),
      await attached(bench.folder, "b.txt", "text/plain", new Uint8Array([0xff, 0xfe, 0x41])),
      await attached(bench.folder, "c.txt", "text/plain", "x".repeat((256 << 10) + 1)),
      await attached(bench.folder, "d.png", "image/png", new Uint8Array((5 << 20) + 1)),
      await attached(bench.folder, "e.tiff", "image/tiff", "II"),
    ];
    const [, ...blocks] = await sentTo(bench, { image: true, audio: true, embeddedContext: true }, files);
    assert.deepEqual(blocks.map(({ type }) => type), ["text"]);
    for (const { name } of files) assert.ok((blocks[0]!.text as string).includes(`/${name} (`), name);
  }));

Deno.test("attachments: a command gets the paths of files, once for each", () =>
  withSupervisor(async (bench) => {
    const work = await workspace(bench);
    const attachments = [
      await attached(bench.folder, "a b.txt", "text/plain", "one"),
      await attached(bench.folder, "c.txt", "text/plain", "two"),
    ];
    const script =
      'for each in "$@"; do echo "$each: $(cat "${each#--with=}")"; done; echo "$TASK_ATTACHMENTS"';
    const command = ["sh", "-c", script, "sh", "--with={attachments}"];
    const request = { ...requestFor(work, command), attachments };
    const run = await startCommand(request, () => {}, { clock: systemClock, supervisor: bench.supervisor });
    const { status, output } = await run.outcome;
    assert.equal(status, "completed", output);
    const folder = `${work}/.attachments-task-1`;
    assert.equal(
      output,
      `--with=${folder}/a b.txt: one\n--with=${folder}/c.txt: two\n${folder}/a b.txt\n${folder}/c.txt\n`,
    );
    assert.deepEqual(await namesIn(work), []);
    const none = await startCommand({ ...request, attachments: [] }, () => {}, {
      clock: systemClock,
      supervisor: bench.supervisor,
    });
    assert.equal((await none.outcome).output, "\n", "no argument for no file");
  }));

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/work`);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("attachments in the workspace: git ignores them, and those of the same name keep apart", () =>
  withFolder(async (folder) => {
    const work = `${folder}/work`;
    const git = async (...args: string[]) => {
      const { stdout } = await new Deno.Command("git", { args: ["-C", work, ...args] }).output();
      return new TextDecoder().decode(stdout);
    };
    await git("init", "--quiet");
    const placed = new PlacedFiles(work, "t");
    const paths = [
      await placed.place(await attached(folder, "a.txt", "text/plain", "one")),
      await placed.place(await attached(folder, "a.txt", "text/plain", "two")),
    ];
    assert.deepEqual(paths, [`${work}/.attachments-t/a.txt`, `${work}/.attachments-t/a-2.txt`]);
    assert.equal(await git("status", "--porcelain", "--untracked-files=all"), "");
    await git("add", "--all");
    assert.equal(await git("diff", "--cached", "--name-only"), "");
    assert.deepEqual(await placed.remove(), []);
    assert.deepEqual(await namesIn(work), [".git"]);
  }));

Deno.test("attachments in the workspace: what the agent has changed or added stays", () =>
  withFolder(async (folder) => {
    const work = `${folder}/work`;
    const placed = new PlacedFiles(work, "t");
    const path = await placed.place(await attached(folder, "a.txt", "text/plain", "one"));
    await placed.place(await attached(folder, "b.txt", "text/plain", "two"));
    await Deno.writeTextFile(path, "one and more");
    assert.deepEqual(await placed.remove(), [".attachments-t/a.txt"]);
    assert.deepEqual(await namesIn(`${work}/.attachments-t`), [".gitignore", "a.txt"]);

    const again = new PlacedFiles(work, "t");
    await again.place(await attached(folder, "a.txt", "text/plain", "one"));
    assert.equal(await Deno.readTextFile(path), "one and more", "never overwritten");
    await Deno.writeTextFile(`${work}/.attachments-t/notes.txt`, "mine");
    assert.deepEqual((await again.remove()).sort(), [".attachments-t/a.txt", ".attachments-t/notes.txt"]);
  }));

Deno.test("attachments in the workspace: a crash's leftovers are used again, and somebody else's folder is not", () =>
  withFolder(async (folder) => {
    const work = `${folder}/work`;
    const file = await attached(folder, "a.txt", "text/plain", "one");
    await new PlacedFiles(work, "t").place(file);
    const second = new PlacedFiles(work, "t");
    assert.equal(await second.place(file), `${work}/.attachments-t/a.txt`);
    await second.remove();
    assert.deepEqual(await namesIn(work), []);

    await Deno.mkdir(`${folder}/elsewhere`);
    await Deno.writeTextFile(`${folder}/elsewhere/.gitignore`, "*\n");
    await Deno.symlink(`${folder}/elsewhere`, `${work}/.attachments-t`);
    const third = new PlacedFiles(work, "t");
    assert.equal(await third.place(file), `${work}/.attachments-t-2/a.txt`);
    await third.remove();
    assert.deepEqual(await namesIn(`${folder}/elsewhere`), [".gitignore"]);
    assert.deepEqual(await namesIn(work), [".attachments-t"]);
  }));
