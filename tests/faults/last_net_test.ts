/** Errors that nothing catches: the server goes on, logs them, and says so. */
import assert from "node:assert/strict";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const FAULTY = new URL("fixtures/faulty_server.ts", import.meta.url).pathname;

Deno.test({
  name: "an error that nothing catches does not end the server; its log has the stack, its health says so",
  ignore: Deno.build.os === "windows",
}, async () => {
  const command = [Deno.execPath(), "run", "--quiet", "--no-check", "--unstable-kv", "-A", FAULTY];
  await withServer({ command, config: { limits: { enabled: false } } }, async (server) => {
    assert.equal((await fetch(`${server.url}/health`).then((one) => one.json())).overall_status, "healthy");
    const socket = await server.connect();
    Deno.kill(server.pid, "SIGUSR1");
    await until(() => (server.stderr.match(/An error that nothing caught/g) ?? []).length === 4);
    for (const planted of ["planted rejection", "planted in a timer", "planted in a listener"]) {
      assert.match(server.stderr, new RegExp(`Error: ${planted}\\n +at .*faulty_server\\.ts`));
    }
    assert.equal((await socket.request({ type: "ping", timestamp: 1 })).type, "pong");
    await socket.close();
    const response = await fetch(`${server.url}/health`);
    const { overall_status, issues } = await response.json();
    assert.deepEqual([response.status, overall_status], [200, "degraded"]);
    assert.equal(issues[0].code, "UNEXPECTED_ERROR");
    assert.match(issues[0].message, /^4 unexpected errors, the last: planted in a timer\./);
    assert.equal(await server.stop("SIGTERM"), 0);
  });
});
