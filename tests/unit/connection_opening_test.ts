/** A connection whose socket never opens is ended: its peer went during the handshake, and Deno fires no event. */
import assert from "node:assert/strict";
import { NOBODY } from "../../src/access/identity.ts";
import type { SessionLimits } from "../../src/api/capability.ts";
import { SubscriptionHub } from "../../src/api/channels/hub.ts";
import type { Router } from "../../src/api/router.ts";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import type { Socket } from "../../src/doors/transport/listener.ts";
import { Connection } from "../../src/doors/ws/connection.ts";
import { EventBus } from "../../src/engine/events.ts";

function opening() {
  const waits = new Set<{ delay_ms: number; action: () => void }>();
  const clock: Clock = {
    ...systemClock,
    after(delay_ms, action) {
      const wait = { delay_ms, action };
      waits.add(wait);
      return { cancel: () => waits.delete(wait) };
    },
  };
  const socket: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    bufferedAmount: 0,
    send: () => {},
    close: () => {},
  };
  let closed = 0;
  new Connection({
    id: "1",
    socket,
    router: {} as unknown as Router,
    hub: new SubscriptionHub(new EventBus(), clock, []),
    clock,
    limits: { warning: () => undefined } as unknown as SessionLimits,
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
    closed: () => closed++,
  });
  return { socket, waits, closed: () => closed };
}

Deno.test("a socket that does not open within five seconds is given up, and its place is free", () => {
  const { waits, closed } = opening();
  const [wait] = waits;
  assert.deepEqual([waits.size, wait?.delay_ms, closed()], [1, 5000, 0]);
  wait!.action();
  assert.equal(closed(), 1);
});

Deno.test("a socket that opens, or closes, is not waited for any more", () => {
  const one = opening();
  (one.socket.onopen as () => void)();
  assert.deepEqual([one.waits.size, one.closed()], [0, 0]);
  const other = opening();
  (other.socket.onclose as () => void)();
  assert.deepEqual([other.waits.size, other.closed()], [0, 1]);
});
