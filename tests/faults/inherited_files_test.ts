/** What a server has inherited is not passed on to its agents. */
import assert from "node:assert/strict";
import { attempt } from "../../src/host/processes/procfs.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

Deno.test({
  name:
    "a lock that the server's shell holds open reaches neither its agents nor the processes that outlive it",
  ignore: Deno.build.os !== "linux",
}, async () => {
  const lock = await Deno.makeTempFile({ prefix: "oa-lock-" });
  const command = [
    "sh",
    "-c",
    `exec 9> '${lock}'; exec "$0" "$@"`,
    Deno.execPath(),
    "run",
    "--no-prompt",
    "-A",
    MAIN,
  ];
  const config = {
    agents: { lister: { protocol: "command", command: ["sh", "-c", "ls -l /proc/self/fd; sleep 300"] } },
    tasks: { default_agent: "lister" },
  };
  try {
    await withServer({ command, config }, async (server) => {
      await server.post({
        type: "start_task",
        task: { id: "t", type: "testing", priority: "high", description: "d" },
      });
      const logged = async () => {
        const { reply } = await server.post({ type: "request_log_entries" });
        return (reply.data as { entries: { message: string }[] }).entries.map(({ message }) => message);
      };
      await until(async () => (await logged()).some((line) => /\/proc\/\d+\/fd/.test(line)));
      assert.deepEqual((await logged()).filter((line) => line.includes("oa-lock-")), []);
      const holders: string[] = [];
      for (const { name: pid } of Deno.readDirSync("/proc")) {
        if (!/^\d+$/.test(pid)) continue;
        if (attempt(() => Deno.readLinkSync(`/proc/${pid}/fd/9`)) === lock) holders.push(pid);
      }
      assert.deepEqual(holders, [String(server.pid)]);
    });
  } finally {
    await Deno.remove(lock);
  }
});
