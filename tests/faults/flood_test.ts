/** Those who send far more than they may are slowed down and at last cut off; the others do not feel it. */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { withServer } from "../fixtures/server.ts";
import type { TestSocket } from "../fixtures/socket.ts";

/** The documented limits, with a global one that the flood does not use up for everybody. */
const CONFIG = { limits: { global_messages_per_minute: 1_000_000 } };
const PING = { type: "ping", timestamp: 1 };

function flood(socket: TestSocket, count: number): void {
  for (let i = 0; i < count; i++) socket.send(PING);
}

Deno.test("a burst of some hundred messages is answered in full, each within the limits or refused", () =>
  withServer({ config: CONFIG }, async (server) => {
    const socket = await server.connect();
    flood(socket, 400);
    const answered = () => socket.messages.filter(({ type }) => type === "pong" || type === "error").length;
    await socket.next(() => answered() === 400);
    const refused = socket.messages.filter(({ code }) => code === "RATE_LIMIT_EXCEEDED").length;
    assert.ok(refused >= 300 && refused < 400, `${refused} of 400 refused`);
  }));

Deno.test("a flooding client is cut off, and others are answered during and after the flood", () =>
  withServer({ config: CONFIG }, async (server) => {
    const quiet = await server.connect();
    const floods: TestSocket[] = [];
    for (let i = 0; i < 8; i++) floods.push(await server.connect());
    for (const socket of floods) flood(socket, 5000);
    for (let i = 0; i < 10; i++) assert.equal((await quiet.request(PING)).type, "pong");
    // The reason reaches them only if they read; what they were still sending resets the connection.
    for (const { closed } of floods) assert.ok([1013, 0].includes((await closed).code));
    assert.equal((await quiet.request(PING)).type, "pong");
    const passed = floods.flatMap(({ messages }) => messages).filter(({ type }) => type === "pong").length;
    assert.ok(passed <= 8 * 100, `${passed} passed`);
    assert.doesNotMatch(server.stderr, / (ERROR|FATAL) |Uncaught/);
  }));

Deno.test("a storm of upgrades is refused ever more slowly, and connected clients do not notice", () =>
  withServer({ config: {} }, async (server) => {
    const quiet = await server.connect();
    const knocks = Array.from({ length: 300 }, async () => {
      const raw = await RawSocket.upgrade(server.url);
      raw.close();
      return raw.status;
    });
    for (let i = 0; i < 5; i++) assert.equal((await quiet.request(PING)).type, "pong");
    const statuses = await Promise.all(knocks);
    const admitted = statuses.filter((status) => status === 101).length;
    assert.ok(admitted <= 20, `${admitted} admitted`);
    assert.equal(statuses.filter((status) => status === 429).length, 300 - admitted);
    // The log tells of the storm, not of each of its drops.
    assert.ok(server.stderr.split("refused").length < 150);
    assert.equal((await quiet.request(PING)).type, "pong");
  }));
