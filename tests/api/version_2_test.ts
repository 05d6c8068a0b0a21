/** Version 2 of the API, and what it deprecates (contract, section 11). */
import assert from "node:assert/strict";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { refuseImpossible } from "../../src/boot/refused_config.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { connect } from "../../src/client/client.ts";
import { withApp } from "../fixtures/app.ts";
import { RawSocket } from "../fixtures/raw_socket.ts";

const V2 = "opencode-agents.v2";

for (const transport of ["fast", "hardened"] as const) {
  Deno.test(`${transport}: a server of version 2 greets clients that offer it, and asks others to`, () =>
    withApp({ config: { server: { api: "v2", transport } } }, async (server) => {
      for (
        const offered of [[], ["Sec-WebSocket-Protocol: opencode-agents.v1"], [
          "Sec-WebSocket-Protocol: x, y",
        ]]
      ) {
        const refused = await RawSocket.upgrade(server.url, offered);
        assert.equal(refused.status, 426);
        assert.equal(refused.headers.get("sec-websocket-protocol"), V2);
        refused.close();
      }
      const socket = await server.connect(["opencode-agents.v1", V2]);
      assert.equal(socket.protocol, V2);
      assert.equal(socket.messages[0]!.api_version, "v2");
      const { code } = await socket.request({ type: "list_tasks" });
      assert.equal(code, "AUTHENTICATION_REQUIRED", "on this machine too, without being configured");
      const { type } = await socket.request({ type: "authenticate", token: server.owner_token });
      assert.equal(type, "authentication_success");
      assert.equal((await socket.request({ type: "list_tasks" })).type, "task_list");
    }));
}

Deno.test("the typed client speaks to both versions", async () => {
  for (const api of ["v1", "v2"]) {
    await withApp({ config: { server: { api } } }, async (server) => {
      const client = await connect(server.url, { api_key: server.owner_token });
      assert.equal((await client.request("ping", {})).type, "pong");
      await client.close();
    });
  }
});

Deno.test("what version 2 demands is not waived", () => {
  const refused = (written: Record<string, unknown>, field: string) =>
    assert.throws(
      () => refuseImpossible(effectiveConfig(written, { base: "/" }), true),
      (error) =>
        error instanceof ApiError && error.code === "CONFIGURATION_ERROR" && error.details.field === field,
      field,
    );
  refused({ server: { api: "v2" }, security: { auth: "none" } }, "security.auth");
  const tls = { cert: "c.pem", key: "k.pem", min_version: "TLSv1.2" };
  refused({ server: { api: "v2", tls } }, "server.tls.min_version");
  refused({ server: { api: "v2", host: "0.0.0.0" } }, "server.host");
  refused({ server: { api: "v2" }, audit: { enabled: false } }, "audit.enabled");
  refuseImpossible(effectiveConfig({ server: { api: "v2" } }, { base: "/" }), false);
});

Deno.test("a client is told once a connection what it should no longer send", () =>
  withApp({ config: { limits: { enabled: false } } }, async (server) => {
    const told = [{ field: "task_data", since: "1.4.0", removed_in: "3.0.0", use: "task" }];
    const task = (id: string) => ({ id, type: "testing", priority: "medium", description: id });
    const socket = await server.connect();
    assert.deepEqual((await socket.request({ type: "ping" })).deprecations, undefined);
    const first = await socket.request({ type: "start_task", task_data: task("a") });
    assert.deepEqual([first.type, first.deprecations], ["task_started", told]);
    assert.equal(
      (await socket.request({ type: "start_task", task_data: task("b") })).deprecations,
      undefined,
    );
    assert.equal((await socket.request({ type: "start_task", task: task("c") })).deprecations, undefined);
    const other = await server.connect();
    assert.deepEqual((await other.request({ type: "start_task", task_data: task("d") })).deprecations, told);
    const { reply } = await server.post({ type: "start_task", task_data: task("e") });
    assert.deepEqual(reply.deprecations, told);
    const all = await (await fetch(`${server.url}/deprecations.json`)).json();
    assert.deepEqual(all.deprecations[0], told[0]);
    for (const one of all.deprecations) {
      assert.deepEqual(Object.keys(one), ["field", "since", "removed_in", "use"]);
    }
  }));
