/** The binary is the whole program: it starts its own reaper and demo agent, and leaves nothing behind. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { longTest } from "../fixtures/tier.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const COMPILED_WITHIN_MS = 400_000;

async function compileTo(output: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "compile", "--output", output],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(COMPILED_WITHIN_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, `deno task compile failed: ${text(stdout)}${text(stderr)}`);
}

const options = (binary: string) => ({
  command: [binary],
  args: ["--demo"],
  config: { limits: { enabled: false } },
});

async function statusesOf(server: TestServer): Promise<unknown[]> {
  const { reply } = await server.post({ type: "list_tasks" });
  return (reply.tasks as { status: string }[]).map(({ status }) => status);
}

longTest("the compiled program", async (t) => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-compiled-" }));
  const binary = `${folder}/opencode-agents`;
  // A demo that is killed cannot remove its folder.
  const env = { TMPDIR: folder };
  try {
    await compileTo(binary);
    await t.step(
      "runs the demo to its end and leaves no process after SIGTERM",
      () =>
        withServer(options(binary), async (server) => {
          await until(async () => await server.processesMatching(`${binary} demo-agent`) > 0);
          assert.equal(await server.processesMatching(`${binary} reaper`), 1);
          await until(async () => {
            const ended = (await statusesOf(server)).filter((status) =>
              /completed|failed/.test(String(status))
            );
            return ended.length === 5;
          }, 60_000);
          assert.deepEqual(await statusesOf(server), Array(5).fill("completed"));

          assert.equal(await server.stop("SIGTERM"), 0);
          await until(async () => await server.processesMatching(binary) === 0);
        }, env),
    );
    await t.step(
      "has the dashboard in it",
      () =>
        withServer({ command: [binary] }, async (server) => {
          const page = await (await fetch(server.url)).text();
          for (const [, path] of page.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)) {
            const response = await fetch(`${server.url}/${path}`);
            assert.equal(response.status, 200, path);
            assert.ok((await response.arrayBuffer()).byteLength > 100, path);
          }
          assert.match(page, /assets\/main\.js/);
        }, env),
    );
    await t.step(
      "leaves no agent running when it is killed",
      () =>
        withServer(options(binary), async (server) => {
          await until(async () => await server.processesMatching(`${binary} demo-agent`) > 0);
          await server.stop("SIGKILL");
          await until(async () => await server.processesMatching(binary) === 0);
        }, env),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
