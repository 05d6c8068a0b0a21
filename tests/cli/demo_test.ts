/** `serve --demo`: stopped in the middle it ends quietly, killed it leaves nothing for long. */
import assert from "node:assert/strict";
import { git } from "../fixtures/repository.ts";
import { until } from "../fixtures/until.ts";
import { command, Running } from "./fixtures/cli.ts";

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Runs `test` with a temporary folder that demos put theirs into. */
async function withTmp(test: (demo: () => Running, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "oa-demos-" });
  const env = { TMPDIR: folder, OPENCODE_AGENTS_DATA: "" };
  try {
    await test(() => new Running(command(["serve", "--demo", "--port", "0"]), { env }), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const folderOf = (demo: Running) => /Data in (\S+)\/\.data;/.exec(demo.stderr)![1]!;

Deno.test("cli demo: stopped in the middle, it ends quietly and removes its folder", () =>
  withTmp(async (start) => {
    const demo = start();
    await demo.says(/demo_research_\d+ +running/);
    demo.kill("SIGINT");
    const { code, stderr } = await demo.ended;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /ERROR|failed|Demo: done/);
    assert.equal(await exists(folderOf(demo)), false);
  }));

Deno.test("cli demo: it removes the folder of a killed demo, and no others", () =>
  withTmp(async (start, folder) => {
    const killed = start();
    await killed.says(/demo_research_\d+ +running/);
    killed.kill("SIGKILL");
    await killed.ended;
    const left = folderOf(killed);
    const aside = `${folder}/opencode-agents-demo-aside`;
    await Deno.mkdir(aside);

    const living = start();
    await living.says(/demo_research_\d+ +running/);
    assert.equal(await exists(left), true, "a lock just written may be that of a server which is starting");
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const one of [left, folderOf(living)]) {
      await Deno.utime(`${one}/.data/server.lock`, longAgo, longAgo);
    }

    const next = start();
    await next.says(/listening on/);
    await until(async () => !(await exists(left)));
    assert.equal(await exists(folderOf(living)), true);
    assert.equal(await exists(aside), true);
    for (const demo of [living, next]) demo.kill("SIGTERM");
    for (const demo of [living, next]) assert.equal((await demo.ended).code, 0);
  }));

Deno.test("cli demo: without a usable temporary folder it says so, and names TMPDIR", async () => {
  const demo = new Running(command(["serve", "--demo", "--port", "0"]), { env: { TMPDIR: "/dev/null/tmp" } });
  const { code, stderr } = await demo.ended;
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error FILESYSTEM_ERROR: The demo's folder cannot be made in \/dev\/null\/tmp: .*TMPDIR\.\n/,
  );
  assert.doesNotMatch(stderr, /^\s+at /m);
});

/** The folder of Deno's cache that this test itself runs from. */
function denoDir(): string {
  const { DENO_DIR, XDG_CACHE_HOME, HOME } = Deno.env.toObject();
  return DENO_DIR ?? `${XDG_CACHE_HOME ?? `${HOME}/.cache`}/deno`;
}

Deno.test("cli demo: its agent finds its modules in the cache that the server was started with", async () => {
  const home = await Deno.makeTempDir({ prefix: "oa-home-" });
  const env = { HOME: home, DENO_DIR: denoDir(), OPENCODE_AGENTS_DATA: "" };
  const demo = new Running(command(["serve", "--demo", "--port", "0"]), { env });
  try {
    await demo.says(/demo_research_\d+ +(completed|failed)/);
    assert.match(demo.stderr, /demo_research_\d+ +completed/);
    assert.equal(await exists(`${home}/.cache/deno`), false, "it made a cache of its own");
  } finally {
    demo.kill("SIGTERM");
    await demo.ended;
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("cli demo: its work can be read, commented on, talked about and accepted, with the commands that it names", () =>
  withTmp(async (start) => {
    const demo = start();
    await demo.says(/ accept demo_feature_\d+ --url \S+\n/);
    const id = /accept (demo_feature_\d+)/.exec(demo.stderr)![1]!;
    const url = /listening on (\S+)/.exec(demo.stdout)![1]!;
    const run = async (...args: string[]) => await new Running(command([...args, "--url", url])).ended;

    assert.match((await run("diff", id)).stdout, /\n\+export function discounted\(prices, percent\) \{\n/);
    const sent = await run("review", id, "-c", "lib/discount.js:5:Round down, please", "--follow");
    assert.equal(sent.code, 0, sent.stderr);
    assert.match(sent.stderr, /to review: 1 file \+7 −0\n/);
    const answered = await run("diff", id, "--since", "last_review");
    assert.match(answered.stdout, /percent\) \/ 100\);\n\+ {2}\/\/ Asked: Round down, please\n \}\n/);
    assert.equal((await run("say", id, "Thank you", "--follow")).code, 0);
    assert.match((await run("accept", id)).stdout, /^main has the changes of demo_feature_\d+ \(squash /);

    const shop = `${folderOf(demo)}/shop`;
    assert.match(
      await git(shop, "log", "-1", "--format=%B"),
      /^Write a discount for the cart\n\nTask: demo_feature/,
    );
    assert.match(await Deno.readTextFile(`${shop}/lib/discount.js`), /please\n\}\n\/\/ Asked: Thank you\n$/);
    demo.kill("SIGTERM");
    assert.equal((await demo.ended).code, 0);
  }));
