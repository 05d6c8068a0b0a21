/** The program as its users get it: packed, installed by plain npm into an empty folder, and started by npx. */
import assert from "node:assert/strict";
import { until } from "../fixtures/until.ts";
import { type Outcome, Running } from "./fixtures/cli.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const INSTALL_WITHIN_MS = 180_000;

async function output(program: string, args: string[], options: Deno.CommandOptions = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(INSTALL_WITHIN_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assert.ok(success, `${program} ${args.join(" ")}: ${text(stdout)}${text(stderr)}`);
  return text(stdout);
}

async function hasNpm(): Promise<boolean> {
  try {
    await output("npm", ["--version"]);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The registry, its certificates and what has been downloaded are those of the account that runs the test. */
async function npmSettings(): Promise<Record<string, string>> {
  return {
    npm_config_userconfig: await output("npm", ["config", "get", "userconfig"]),
    npm_config_cache: await output("npm", ["config", "get", "cache"]),
  };
}

/** How many processes have this text in their command line. */
async function processesWith(text: string): Promise<number> {
  const lines = (await output("ps", ["-eww", "-o", "args="])).split("\n");
  return lines.filter((line) => line.includes(text)).length;
}

class Installed {
  readonly dir: string;
  readonly #env: Record<string, string>;

  constructor(dir: string, env: Record<string, string>) {
    this.dir = dir;
    this.#env = env;
  }

  start(command: string[]): Running {
    return new Running(command, { cwd: this.dir, env: this.#env });
  }

  run(command: string[]): Promise<Outcome> {
    return this.start(command).ended;
  }
}

/** Runs `test` with the package installed in a folder with a space in its name, for an account with an empty home. */
async function withInstalled(test: (installed: Installed) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-npm-" }));
  try {
    const packed = await output(
      Deno.execPath(),
      ["task", "--quiet", "pack", "program", "--output", `${folder}/packed`],
      { cwd: ROOT },
    );
    const [dir, home] = [`${folder}/a project`, `${folder}/home`];
    for (const made of [dir, home]) await Deno.mkdir(made);
    const env = { ...await npmSettings(), HOME: home, TMPDIR: folder };
    await output("npm", ["install", "--no-audit", "--no-fund", packed], { cwd: dir, env });
    await test(new Installed(dir, env));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const BIN = "node_modules/.bin/opencode-agents";
const listening = /listening on (\S+)\n/;

Deno.test({ name: "the npm package", ignore: !await hasNpm() }, async (t) => {
  await withInstalled(async (installed) => {
    const npx = ["npx", "--offline", "opencode-agents"];

    await t.step("npx runs the demo, and a task beside it, and leaves nothing when it is ended", async () => {
      const demo = installed.start([...npx, "serve", "--demo", "--port", "0"]);
      await demo.says(listening);
      const url = listening.exec(demo.stdout)![1]!;
      const task = await installed.run([...npx, "run", "Say hello", "--follow", "--url", url]);
      assert.equal(task.code, 0, task.stderr);
      const page = await (await fetch(url)).text();
      const [, script] = /src="(assets\/main\.js)"/.exec(page)!;
      assert.ok((await (await fetch(`${url}/${script}`)).text()).length > 10_000);
      await demo.says(/demo_release_\d+ +completed/);
      await demo.says(/npx opencode-agents tasks --url /);
      demo.kill("SIGTERM");
      await demo.ended;
      await until(async () => await processesWith(installed.dir) === 0);
    });

    await t.step({
      name: "a killed npx leaves nothing, where /proc tells it",
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const server = installed.start([...npx, "serve", "--demo", "--port", "0"]);
        await server.says(listening);
        server.kill("SIGKILL");
        await until(async () => await processesWith(installed.dir) === 0);
      },
    });

    await t.step("nothing lands in the current folder if HOME and XDG_CACHE_HOME are no places", async () => {
      const before = [...Deno.readDirSync(installed.dir)].length;
      for (const env of ["HOME=", "HOME=home", "XDG_CACHE_HOME=cache"]) {
        assert.equal((await installed.run(["env", env, BIN, "--version"])).code, 0);
      }
      assert.equal([...Deno.readDirSync(installed.dir)].length, before);
    });

    await t.step("a signal reaches the program, and its exit code comes back", async () => {
      const server = installed.start([BIN, "serve", "--demo", "--port", "0"]);
      await server.says(listening);
      server.kill("SIGTERM");
      assert.equal((await server.ended).code, 0);
      assert.equal((await installed.run([BIN, "no-such-command"])).code, 2);
      await until(async () => await processesWith(installed.dir) === 0);
    });

    await t.step("its help may be cut off", async () => {
      const { stdout, stderr } = await installed.run(["sh", "-c", `${BIN} --help | head -1`]);
      assert.match(stdout, /^Usage: opencode-agents /);
      assert.equal(stderr, "");
    });
  });
});
