/** The published keys of an identity provider: how soon new ones work and removed ones stop, and what holds without it. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { errors } from "jose";
import { KeySet } from "../../src/access/jwt/key_set.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const MINUTE_MS = 60_000;
const jwk = (kid: string) => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
};

Deno.test("a new key works and a removed one stops within a minute; an outage is borne for ten", async () => {
  let keys = [jwk("one")];
  let isUp = true;
  let asked = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    asked++;
    return isUp ? Response.json({ keys }) : new Response("no", { status: 503 });
  });
  const clock = new HandClock();
  const set = new KeySet(`http://127.0.0.1:${server.addr.port}/`, clock);
  const token = { payload: "", signature: "", signatures: undefined };
  const has = async (kid: string) => {
    try {
      return await set.find({ alg: "ES256", kid }, token as never) !== undefined;
    } catch (error) {
      assert.ok(error instanceof errors.JWKSNoMatchingKey, String(error));
      return false;
    }
  };

  assert.deepEqual(await Promise.all([has("one"), has("one"), has("two")]), [true, true, false]);
  assert.equal(asked, 1, "those who ask at once wait for one answer");
  keys = [...keys, jwk("two")];
  assert.deepEqual([await has("two"), asked], [false, 1]);
  clock.pass(MINUTE_MS);
  assert.deepEqual([await has("two"), asked], [true, 2]);

  keys = [jwk("two")];
  clock.pass(MINUTE_MS);
  assert.deepEqual([await has("one"), await has("two"), asked], [false, true, 3]);

  isUp = false;
  for (let i = 1; i <= 9; i++) {
    clock.pass(MINUTE_MS);
    assert.deepEqual([await has("two"), asked], [true, 3 + i]);
  }
  clock.pass(MINUTE_MS);
  assert.equal(await has("two"), false);
  isUp = true;
  clock.pass(MINUTE_MS);
  assert.equal(await has("two"), true);
  await server.shutdown();
});
