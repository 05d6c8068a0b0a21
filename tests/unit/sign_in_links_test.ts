/** Links that sign the owner's browser in. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SignInLinks } from "../../src/access/sign_in_links.ts";
import { isSignInToken, LINK_MINUTES, signInLink } from "../../src/domain/sign_in_link.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const NOW_MS = 1_800_000_000_000;
const OWNER = "sess_owner";

async function tokenAt(ms: number, owner = OWNER): Promise<string> {
  const link = await signInLink("http://127.0.0.1:8080", owner, ms);
  const [address, token] = link.split("#sign-in=");
  assert.equal(address, "http://127.0.0.1:8080/");
  return token!;
}

Deno.test("a link is taken once, until it expires, and not by a server that started later", async () => {
  const clock = new HandClock(NOW_MS);
  const links = new SignInLinks(clock, OWNER);
  const token = await tokenAt(clock.now());
  assert.ok(isSignInToken(token));
  assert.equal(await links.take(token), true);
  assert.equal(await links.take(token), false);
  const late = await tokenAt(clock.now());
  clock.pass(LINK_MINUTES * 60_000);
  assert.equal(await links.take(late), false);
  assert.equal(await links.take(await tokenAt(clock.now())), true);
  assert.equal(await links.take(await tokenAt(clock.now(), "sess_another")), false);
  const restarted = new SignInLinks(clock, OWNER);
  assert.equal(await restarted.take(await tokenAt(clock.now() - 1)), false);
});

Deno.test("no changed token is taken", async () => {
  const clock = new HandClock(NOW_MS);
  const links = new SignInLinks(clock, OWNER);
  const token = await tokenAt(clock.now());
  await fc.assert(fc.asyncProperty(
    fc.nat(token.length - 1),
    fc.constantFrom(..."0123456789abcXYZ-_."),
    async (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      // The last character of a MAC has bits that say nothing.
      fc.pre(changed !== token && at < token.length - 1);
      assert.equal(await links.take(changed), false);
    },
  ));
  assert.equal(await links.take(token), true);
});
