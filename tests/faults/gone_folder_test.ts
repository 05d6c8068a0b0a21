/** The server is killed and its folder removed at the same moment: its agents are ended all the same. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const SLEEP = "sleep 298.7";

Deno.test("after kill -9 and the loss of the server's folder, no process is left", async () => {
  const config = {
    limits: { enabled: false },
    agents: { sleeper: { protocol: "command", command: SLEEP.split(" ") } },
    tasks: { default_agent: "sleeper" },
  };
  let gone: TestServer | undefined;
  await withServer({ config }, async (server) => {
    gone = server;
    const task = { id: "sleeps", type: "feature", priority: "low", description: "sleep" };
    assert.equal((await server.post({ type: "start_task", task })).status, 200);
    await until(async () => await server.processesMatching(SLEEP) === 1);
  });
  await until(async () => await gone!.processesMatching(SLEEP) === 0);
});
