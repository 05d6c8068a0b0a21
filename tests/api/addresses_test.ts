/** Which addresses may come in, and whose address counts behind a proxy; over both transports. */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";

const PING = JSON.stringify({ type: "ping", timestamp: 1 });

/** The answers to an upgrade, a message over HTTP and a look at the health, of a client behind a proxy at this address. */
async function statuses(server: Door, forwarded_for?: string): Promise<number[]> {
  const header = forwarded_for === undefined ? [] : [`X-Forwarded-For: ${forwarded_for}`];
  const upgrade = await RawSocket.upgrade(server.url, header);
  upgrade.close();
  const headers = new Headers(forwarded_for === undefined ? {} : { "x-forwarded-for": forwarded_for });
  const post = await fetch(`${server.url}/api`, { method: "POST", body: PING, headers });
  await post.body?.cancel();
  const health = await fetch(`${server.url}/health`, { headers });
  await health.body?.cancel();
  return [upgrade.status, post.status, health.status];
}

for (const transport of ["fast", "hardened"]) {
  Deno.test(`addresses, ${transport} transport: lists refuse on every door, and say by which`, async () => {
    const security = { ip_blacklist: ["127.0.0.0/8"] };
    await withApp({ config: { server: { transport }, security } }, async (server) => {
      assert.deepEqual(await statuses(server), [403, 403, 403]);
      const refused = await fetch(`${server.url}/api`, { method: "POST", body: PING });
      const reply = await refused.json();
      assert.equal(reply.code, "PERMISSION_DENIED");
      assert.match(reply.message, /127\.0\.0\.1.*ip_blacklist/);
    });
    const list = { ip_whitelist: ["192.0.2.0/24", "127.0.0.1"] };
    await withApp({ config: { server: { transport }, security: list } }, async (server) => {
      assert.deepEqual(await statuses(server), [101, 200, 200]);
      // Nobody who is no trusted proxy is believed to ask for another.
      assert.deepEqual(await statuses(server, "198.51.100.7"), [101, 200, 200]);
    });
  });

  Deno.test(`addresses, ${transport} transport: behind a trusted proxy lists and limits are for each client`, async () => {
    const config = {
      server: { transport, trusted_proxies: ["127.0.0.1"] },
      security: { ip_blacklist: ["198.51.100.0/24"] },
      limits: { messages_per_minute: 3 },
    };
    await withApp({ config }, async (server) => {
      assert.deepEqual(await statuses(server, "198.51.100.7"), [403, 403, 403]);
      assert.deepEqual(await statuses(server, "192.0.2.1"), [101, 200, 200]);
      assert.deepEqual(await statuses(server, "192.0.2.1"), [101, 200, 200]);
      assert.deepEqual(await statuses(server, "192.0.2.1"), [101, 200, 200]);
      assert.deepEqual(await statuses(server, "192.0.2.1"), [101, 429, 200], "its messages are used up");
      assert.deepEqual(await statuses(server, "192.0.2.2"), [101, 200, 200], "another's are not");
    });
  });
}
