/** The server as PID 1, as in a container without an init. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { listRows } from "../../src/host/processes/process_rows.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** This account may make a namespace of processes. */
const canUnshare = await (async () => {
  try {
    const [program, ...args] = UNSHARE;
    return (await new Deno.Command(program!, { args: [...args, "true"], stderr: "null" }).output()).success;
  } catch {
    return false;
  }
})();

/** Its children live for a moment after it, so they become orphans. */
const LEAVER = ["sh", "-c", "for i in 1 2 3; do (sleep 0.2 &); done; sleep 0.5"];

function pidOneTest(
  name: string,
  permissions: readonly string[],
  body: (server: TestServer) => Promise<void>,
) {
  const command = [...UNSHARE, Deno.execPath(), "run", "--no-prompt", ...permissions, MAIN];
  const config = {
    agents: { leaver: { protocol: "command", command: LEAVER } },
    tasks: { default_agent: "leaver" },
  };
  Deno.test({ name, ignore: !canUnshare, fn: () => withServer({ command, config }, body) });
}

/** Processes whose parent is the server, by their state. */
async function childrenOf(server: TestServer): Promise<string[]> {
  const rows = await listRows(systemClock, "all");
  const one = rows.find(({ ppid }) => ppid === server.pid);
  return rows.filter(({ ppid }) => ppid === one?.pid).map(({ state }) => state);
}

pidOneTest("pid 1: with all permissions it reaps the orphans of its agents", ["-A"], async (server) => {
  await server.post({
    type: "start_task",
    task: { id: "t", type: "testing", priority: "high", description: "d" },
  });
  await until(async () =>
    (await server.post({ type: "get_task_result", task_id: "t" })).reply.status === "completed"
  );
  await until(async () => !(await childrenOf(server)).includes("Z"));
  const { reply } = await server.post({ type: "request_system_health" });
  assert.doesNotMatch(JSON.stringify(reply), /ZOMBIES_NOT_REAPED/);
});

pidOneTest("pid 1: where it cannot reap, it says so and what to do", START_PERMISSIONS, async (server) => {
  await until(() => server.stderr.includes("docker run --init"));
  const { reply } = await server.post({ type: "request_system_health" });
  assert.match(JSON.stringify(reply), /ZOMBIES_NOT_REAPED/);
});
