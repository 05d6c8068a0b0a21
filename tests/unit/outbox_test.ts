/** What waits for a reader: in order, coalesced, bounded; against a plain model of a wire that takes what it likes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { LIMIT_BYTES, Outbox } from "../../src/doors/ws/outbox.ts";

/** A wire that holds what it was sent until it is drained. */
function wire() {
  const sent: string[] = [];
  let held = 0;
  return {
    sent,
    send(text: string) {
      sent.push(text);
      held += text.length;
    },
    get buffered() {
      return held;
    },
    drain() {
      held = 0;
    },
  };
}

const BIG = "x".repeat(300_000);

Deno.test("a reader that keeps up is sent everything at once", () => {
  const line = wire();
  const outbox = new Outbox(line);
  for (let i = 0; i < 1000; i++) {
    assert.equal(outbox.push(`${i}`), true);
    line.drain();
  }
  assert.deepEqual([line.sent.length, outbox.size, outbox.isFree], [1000, 0, true]);
});

Deno.test("a newer coalescible message replaces the older one and its weight", () => {
  const line = wire();
  const outbox = new Outbox(line);
  outbox.push(BIG);
  for (let i = 0; i < 100; i++) {
    assert.equal(outbox.push(`${i}${BIG}`, "resources"), true);
    assert.equal(outbox.push(`status ${i}`), true);
  }
  assert.equal(outbox.size, 101);
  line.drain();
  while (!outbox.flush()) line.drain();
  assert.equal(line.sent.length, 102);
  assert.equal(line.sent[1], `99${BIG}`);
});

Deno.test("pushes are bounded, replies are not, and sent messages no longer count", () => {
  const line = wire();
  const outbox = new Outbox(line);
  outbox.push(BIG);
  outbox.reply("y".repeat(2 * LIMIT_BYTES));
  const fits = Math.floor(LIMIT_BYTES / BIG.length);
  for (let i = 0; i < fits; i++) assert.equal(outbox.push(BIG), true);
  assert.equal(outbox.push(BIG), false);
  line.drain();
  while (!outbox.flush()) line.drain();
  assert.ok(!outbox.isFree, "the socket still holds the last");
  for (let i = 0; i < fits; i++) assert.equal(outbox.push(BIG), true);
});

Deno.test("everything arrives once, in order, except coalesced messages", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push" as const), size: fc.integer({ min: 1, max: 200_000 }) }),
    fc.record({ do: fc.constant("coalesce" as const), size: fc.integer({ min: 1, max: 200_000 }) }),
    fc.record({ do: fc.constant("reply" as const), size: fc.integer({ min: 1, max: 400_000 }) }),
    fc.record({ do: fc.constantFrom("drain" as const, "flush" as const), size: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const line = wire();
      const outbox = new Outbox(line);
      const ordered: string[] = [];
      let newest = "";
      for (const [i, { do: what, size }] of steps.entries()) {
        const text = `${what} ${i} `.padEnd(size, ".");
        if (what === "drain") line.drain();
        else if (what === "flush") outbox.flush();
        else if (what === "coalesce") {
          outbox.push(text, "key");
          newest = text;
        } else {
          if (what === "reply") outbox.reply(text);
          else outbox.push(text);
          ordered.push(text);
        }
      }
      line.drain();
      while (!outbox.flush()) line.drain();
      assert.deepEqual(line.sent.filter((text) => !text.startsWith("coalesce")), ordered);
      if (newest !== "") assert.equal(line.sent.filter((text) => text.startsWith("coalesce")).at(-1), newest);
      assert.equal(new Set(line.sent).size, line.sent.length);
    }),
    { numRuns: 200 },
  );
});
