/** Whoever reads stdout or stderr goes away, stalls or runs out of disk. */
import assert from "node:assert/strict";
import { readAddress } from "../../src/cli/server_address.ts";
import { Door } from "../fixtures/door.ts";
import { testedProgram } from "../fixtures/program.ts";
import { until } from "../fixtures/until.ts";
import { command } from "../cli/fixtures/cli.ts";

/** Runs a script of the shell with the program as its arguments. */
function shell(
  script: string,
  args: string[],
  options: Partial<Deno.CommandOptions> = {},
): Deno.ChildProcess {
  return new Deno.Command("sh", {
    args: ["-c", script, "sh", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...options,
  }).spawn();
}

async function withServerBehind(
  script: string,
  test: (server: { door: Door; pid: number; child: Deno.ChildProcess }) => Promise<void>,
  options: Partial<Deno.CommandOptions> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "oa-test-" });
  const child = shell(script, command(["serve", "--port", "0", "--data", folder]), options);
  try {
    await until(() => readAddress(folder) !== undefined);
    const { url, pid } = readAddress(folder)!;
    const door = new (class extends Door {})();
    door.url = url;
    await test({ door, pid, child });
  } finally {
    const running = readAddress(folder);
    if (running) Deno.kill(running.pid, "SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

const SCRIPTS = {
  "a closed stdout": 'exec "$@" >&-',
  "a closed stderr": 'exec "$@" 2>&-',
  "both on a full disk": 'exec "$@" >/dev/full 2>/dev/full',
  // A pipe that is full before the server starts, as a hanging log rotator leaves it.
  "a reader that hangs":
    'f=$(mktemp -u); mkfifo "$f"; exec 3<>"$f"; rm "$f"; head -c 65536 /dev/zero >&3; exec "$@" >&3 2>&3',
  "readers that have gone": '{ "$@" 2>&3 | true; } 3>&1 | true',
};

for (const [name, script] of Object.entries(SCRIPTS)) {
  Deno.test(`a server starts, answers and stops in order with ${name}`, async () => {
    await withServerBehind(script, async ({ door, pid, child }) => {
      const { status, reply } = await door.post({ type: "ping" });
      assert.deepEqual([status, reply.type], [200, "pong"]);
      Deno.kill(pid, "SIGTERM");
      // A pipeline tells the exit code of its last program alone.
      assert.equal((await child.status).code, 0);
    });
  });
}

Deno.test("a server whose log nobody reads any more says so in the log that clients read", async () => {
  await withServerBehind('exec "$@" 2>/dev/full', async ({ door }) => {
    await until(async () => {
      const { reply } = await door.post({
        type: "request_log_entries",
        filter: { message_contains: "on stderr are lost: No space left" },
      });
      return (reply as { data: { filtered_count: number } }).data.filtered_count === 1;
    });
  });
});

Deno.test("SIGHUP does not stop a server under nohup, where the platform tells that it is", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-test-" });
  const child = shell(
    'trap "" HUP; exec "$@"',
    [...testedProgram(["-A"]), "serve", "--port", "0", "--data", folder],
    { stderr: "piped" },
  );
  const stderr = new Response(child.stderr).text();
  try {
    await until(() => readAddress(folder) !== undefined);
    child.kill("SIGHUP");
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    assert.match(await stderr, /SIGTERM: stopping/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a command whose reader has gone ends quietly, as others do", async () => {
  const texts = [["--help"], ["help", "run"], ["completions", "bash"], ["completions", "fish"], ["doctor"]];
  for (const args of [...texts, ["serve", "--print-config"], ["tasks", "--json"]]) {
    // It starts once its stdout has no reader any more.
    const child = shell('read _; exec "$@"', command(args), {
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
    await child.stdout.cancel();
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode("\n"));
    await input.close();
    const said = (await new Response(child.stderr).text()).split("\n");
    assert.equal((await child.status).code, 141, args.join(" "));
    assert.ok(said.every((line) => !/^\s+at /.test(line)), said.join("\n"));
  }
});

Deno.test("a command whose output does not fit says why, without a stack; a broken stderr costs its notes alone", async () => {
  const full = shell('exec "$@" >/dev/full', command(["--help"]), { stderr: "piped" });
  const said = await new Response(full.stderr).text();
  assert.equal((await full.status).code, 1);
  assert.match(said, /^error DISK_SPACE_EXCEEDED: stdout cannot be written: .*\n$/);
  const unread = shell('exec "$@" 2>/dev/full', command(["serve", "--bogus"]));
  assert.equal((await unread.status).code, 2);
});
