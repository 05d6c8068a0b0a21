/** What clients without a key may use where one is required, and what is in reserve for administrators. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SecurityWatch } from "../../src/access/alerts.ts";
import { RateLimits } from "../../src/access/limits.ts";
import { networkOf } from "../../src/access/networks.ts";
import { addressShare, knownShare, unknownShare } from "../../src/access/shares.ts";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { Config } from "../../src/protocol/config.ts";
import type { SecurityAlert } from "../../src/protocol/pushes.ts";

const time = { now: Date.parse("2030-01-01T00:00:00Z") };
const clock: Clock = { ...systemClock, now: () => time.now, monotonic: () => time.now };

function world(limits: Record<string, unknown> = {}) {
  return new RateLimits(Config.parse({ limits }).limits, clock, { isKeyRequired: true });
}

/** How often it could be done before it was refused. */
function times(action: () => unknown, code = "RATE_LIMIT_EXCEEDED"): number {
  for (let count = 0; count < 10_000; count++) {
    // A second between two, so that no burst is what refuses.
    time.now += count % 10 === 0 ? 100 : 0;
    try {
      action();
    } catch (error) {
      assert.ok(error instanceof ApiError && error.code === code, String(error));
      return count;
    }
  }
  throw new Error("it was never refused");
}

Deno.test("messages: whoever shows no key has a fifth as a pool of its own, one address a quarter of it", () => {
  const limits = world({
    burst_per_second: 1000,
    messages_per_minute: 1000,
    global_messages_per_minute: 200,
  });
  const unknown = (ip: string) => limits.http(ip, undefined, "unknown");
  assert.equal(times(() => unknown("192.0.2.1").message()), 10);
  // All addresses of one network of IPv6 are one.
  let host = 0;
  assert.equal(times(() => unknown(`2001:db8::${(++host).toString(16)}`).message()), 10);
  let address = 1;
  assert.equal(times(() => unknown(`192.0.2.${++address}`).message()), 20, "the pool had 40");
  // Keys have all of theirs left; the last tenth is for administrators.
  const key = { kind: "key", id: "key_1", tenant: "default" } as const;
  assert.equal(times(() => limits.http("192.0.2.1", key).message()), 180);
  const owner = { kind: "owner", tenant: "default" } as const;
  assert.equal(times(() => limits.http("192.0.2.1", owner, "privileged").message()), 20);
});

Deno.test("connections: nobody without a key, and no key without admin, can hold every place", () => {
  const limits = world({ connections: 100, connections_per_second: 1000, reconnections_per_minute: 1000 });
  const connect = (ip: string, standing: "unknown" | "ordinary" | "privileged") => () =>
    limits.connect(ip, { standing });
  const full = "CONNECTION_LIMIT_EXCEEDED";
  assert.equal(times(connect("192.0.2.1", "unknown"), full), 5);
  let host = 0;
  assert.equal(times(() => connect(`192.0.3.${++host}`, "unknown")(), full), 15, "the pool has 20");
  assert.equal(times(connect("192.0.2.1", "ordinary"), full), 90);
  assert.equal(times(connect("192.0.2.1", "privileged"), full), 10);
});

Deno.test("a client that shows a key gives its place back to those without, if there is one among those with", () => {
  const limits = world({ connections: 10, connections_per_second: 1000, reconnections_per_minute: 1000 });
  const first = limits.connect("192.0.2.1", { standing: "unknown" });
  assert.ok(limits.refusal("192.0.2.1", { standing: "unknown" }), "one address has one place");
  limits.identified(first, "ordinary");
  assert.equal(limits.refusal("192.0.2.1", { standing: "unknown" }), undefined);
  for (let i = 1; i < 9; i++) limits.connect("192.0.2.2");
  const late = limits.connect("192.0.2.1", { standing: "unknown" });
  assert.throws(() => limits.identified(late, "ordinary"), { code: "CONNECTION_LIMIT_EXCEEDED" });
  assert.equal(late.standing, "unknown");
  limits.identified(late, "privileged");
});

Deno.test("new connections: a flood without keys keeps nobody with a key out, nor a key the owner", () => {
  const limits = world({ connections: 1000, reconnections_per_minute: 1000 });
  const flood = (standing: "unknown" | "ordinary", ip: string) => {
    for (let i = 0; i < 50; i++) {
      try {
        limits.connect(ip, { standing });
      } catch (error) {
        assert.ok(error instanceof ApiError);
      }
    }
  };
  flood("unknown", "192.0.2.1");
  assert.equal(limits.refusal("192.0.2.1", { standing: "ordinary" }), undefined);
  flood("ordinary", "192.0.2.1");
  assert.equal(limits.refusal("192.0.2.1", { standing: "privileged" }), undefined);
});

Deno.test("shares: no limit is too small for anyone, and keys have what is left for sure", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), (limit) => {
    assert.ok(addressShare(limit) >= 1 && addressShare(limit) <= unknownShare(limit));
    assert.ok(knownShare(limit, "ordinary", true) >= 1);
    assert.ok(knownShare(limit, "privileged", true) > knownShare(limit, "ordinary", true));
    assert.ok(limit === 1 || knownShare(limit, "privileged", true) === limit);
    assert.equal(knownShare(limit, "ordinary", false), limit, "where no key is required, all have all of it");
  }));
});

Deno.test("addresses: IPv4 each for itself, IPv6 by its /64, however it is written", () => {
  const same = [
    "2001:db8::1",
    "2001:DB8:0:0::2",
    "2001:0db8:0000:0000:ffff::",
    "2001:db8:0:0:1:2:3:4",
    "2001:db8::%eth0",
  ];
  assert.deepEqual(new Set(same.map(networkOf)), new Set(["2001:db8:0:0::/64"]));
  assert.equal(networkOf("::1"), "0:0:0:0::/64");
  assert.equal(networkOf("fe80::1%2"), "fe80:0:0:0::/64");
  assert.equal(networkOf("192.0.2.1"), "192.0.2.1");
  fc.assert(fc.property(fc.ipV6(), (ip) => assert.match(networkOf(ip), /^([0-9a-f.]+:){4}:\/64$/)));
});

Deno.test("wrong keys from thirty addresses of one network of IPv6 raise an alert, which names the network", () => {
  const told: SecurityAlert[] = [];
  const watch = new SecurityWatch(clock, (alert) => told.push(alert));
  for (let i = 1; i <= 30; i++) watch.note("authentication_failure", `2001:db8:1:2::${i.toString(16)}`);
  assert.equal(told.length, 1);
  assert.equal(told[0]!.details.network, "2001:db8:1:2::/64");
  for (let i = 1; i <= 30; i++) watch.note("authentication_failure", `198.51.100.${i}`);
  assert.equal(told.length, 1, "one wrong key each, from addresses that have nothing to do with each other");
});
