/** A /proc that shows nothing but processes, as systemd's `ProcSubset=pid` has it. */
import assert from "node:assert/strict";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const WITHIN = [
  "unshare",
  "--pid",
  "--mount",
  "--fork",
  "--kill-child",
  "sh",
  "-c",
  'mount -t proc -o subset=pid proc /proc && exec "$0" "$@"',
];

/** This account may mount such a /proc. */
const canMount = await (async () => {
  try {
    const [program, ...args] = WITHIN;
    return (await new Deno.Command(program!, { args: [...args, "true"], stderr: "null" }).output()).success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "a /proc that shows only processes: tasks run and end with what they started; no figure is made up",
  ignore: !canMount,
}, async () => {
  const command = [...WITHIN, Deno.execPath(), "run", "--no-prompt", "-A", MAIN];
  const config = {
    agents: { shell: { protocol: "command", command: ["/bin/sh", "-c", "{prompt}"] } },
    tasks: { default_agent: "shell" },
  };
  await withServer({ command, config }, async (server) => {
    const prompt = "setsid sleep 295.6 & sleep 295.6";
    const task = { id: "t", type: "testing", priority: "high", description: "d", execution: { prompt } };
    await server.post({ type: "start_task", task });
    await until(async () => await server.processesMatching("sleep 295.6") > 2);
    await server.post({ type: "cancel_task", task_id: "t" });
    await until(async () => await server.processesMatching("sleep 295.6") === 0);
    assert.equal((await server.post({ type: "request_process_list" })).status, 200);
    const { status, reply } = await server.post({ type: "request_system_resources" });
    assert.deepEqual([status, (reply.details as { missing: string[] }).missing], [503, ["processor usage"]]);
  });
});
