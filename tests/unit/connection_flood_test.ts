/** How a connection that sends more than it may is slowed down and cut off, alone and in a flood of many. */
import assert from "node:assert/strict";
import { NOBODY } from "../../src/access/identity.ts";
import type { SessionLimits } from "../../src/api/capability.ts";
import { SubscriptionHub } from "../../src/api/channels/hub.ts";
import { EventBus } from "../../src/engine/events.ts";
import type { Router } from "../../src/api/router.ts";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { Connection } from "../../src/doors/ws/connection.ts";
import type { Socket } from "../../src/doors/transport/listener.ts";

const REFUSED = { type: "error", code: "RATE_LIMIT_EXCEEDED" };
const REFUSED_FOR_ALL = { ...REFUSED, details: { limit: "global_messages_per_minute" } };
const ANSWERED = { type: "pong" };

/** A connection whose every message is refused or answered as `reply` says; time passes when it is told to. */
function connection(isFlooded: boolean, reply: () => object) {
  const timers = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    after(_delay_ms, action) {
      timers.add(action);
      return { cancel: () => timers.delete(action) };
    },
  };
  const sent: object[] = [];
  let closed: number | undefined;
  const socket: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    bufferedAmount: 0,
    send: (text) => void sent.push(JSON.parse(text)),
    close: (code) => void (closed = code),
  };
  const limits: Partial<SessionLimits> = { isFlooded, warning: () => undefined };
  new Connection({
    id: "1",
    socket,
    router: { receive: reply } as unknown as Router,
    hub: new SubscriptionHub(new EventBus(), clock, []),
    clock,
    limits: limits as SessionLimits,
    ip: "127.0.0.1",
    auth: {
      isRequired: false,
      isValid: () => true,
      allows: () => true,
      bind: (identity) => identity,
      leave: () => {},
    },
    identity: NOBODY,
    api_version: "v1",
    clientsOf: () => 0,
    server_version: "1",
    max_message_bytes: 1000,
    closed: () => {},
  });
  (socket.onopen as () => void)();
  sent.length = 0;
  return {
    receive(count: number) {
      for (let i = 0; i < count; i++) (socket.onmessage as (event: { data: string }) => void)({ data: "{}" });
    },
    /** Whatever was to happen later happens. */
    pass() {
      const due = [...timers];
      timers.clear();
      due.forEach((action) => action());
    },
    answers: () => sent.length,
    closed: () => closed,
  };
}

Deno.test("a single client gets two hundred refusals at once and the others one by one, and none is lost", () => {
  const one = connection(false, () => REFUSED);
  one.receive(500);
  assert.equal(one.answers(), 201);
  one.pass();
  assert.equal(one.answers(), 202);
  for (let i = 0; i < 300; i++) one.pass();
  assert.deepEqual([one.answers(), one.closed()], [500, undefined]);
});

Deno.test("a single client is closed when a thousand requests wait", () => {
  const one = connection(false, () => REFUSED);
  one.receive(201 + 1000);
  assert.equal(one.closed(), undefined);
  one.receive(1);
  assert.equal(one.closed(), 1013);
});

Deno.test("during a flood, the first refusal slows a client down, and few requests may wait", () => {
  const one = connection(true, () => REFUSED);
  one.receive(11);
  assert.deepEqual([one.answers(), one.closed()], [1, undefined]);
  one.pass();
  assert.equal(one.answers(), 2);
  one.receive(1);
  assert.equal(one.closed(), undefined);
  one.receive(1);
  assert.equal(one.closed(), 1013);
});

Deno.test("a client within its limits is not slowed down by others' floods", () => {
  for (const reply of [ANSWERED, REFUSED_FOR_ALL]) {
    const one = connection(true, () => reply);
    one.receive(2000);
    assert.deepEqual([one.answers(), one.closed()], [2000, undefined]);
  }
});
