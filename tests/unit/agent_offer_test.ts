/** What is known of an agent: news are laid over it, and it always fits into one value of the store. */
import assert from "node:assert/strict";
import { type AgentOffer, offerAfter } from "../../src/domain/agent_offer.ts";

const NOW = "2026-01-01T00:00:00.000Z";

Deno.test("what the news leave out stays as it was known", () => {
  const first = offerAfter(undefined, { login: "ok", models: [{ id: "a" }] }, "2025-12-31T00:00:00.000Z");
  assert.deepEqual(first.accepts, []);
  const second = offerAfter(first, { commands: [{ name: "init" }] }, NOW);
  assert.deepEqual(second, {
    found_at: NOW,
    login: "ok",
    accepts: [],
    models: [{ id: "a" }],
    commands: [{ name: "init" }],
  });
});

Deno.test("an offer of any size fits into one value, and keeps the beginning of each list", () => {
  const long = "ü".repeat(5_000);
  const many = (n: number) => Array.from({ length: n }, (_, i) => i);
  const offer: AgentOffer = offerAfter(undefined, {
    models: many(5_000).map((i) => ({ id: `model-${i}`, name: long, efforts: ["low", "high"] })),
    commands: many(5_000).map((i) => ({ name: `command-${i}`, description: long, hint: long })),
    modes: many(5_000).map((i) => ({ id: `mode-${i}`, description: long })),
    accepts: many(5_000).map(String),
  }, NOW);
  assert.ok(new TextEncoder().encode(JSON.stringify(offer)).length <= 48 << 10);
  assert.equal(offer.models?.[0]?.id, "model-0");
  assert.equal(offer.commands?.[0]?.name, "command-0");
  assert.equal(offer.modes?.[0]?.id, "mode-0");
  assert.equal(offer.models?.[0]?.name?.length, 200);
});
