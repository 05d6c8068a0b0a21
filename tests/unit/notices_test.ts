/** What a change of a task tells, to whom, how long deliveries wait, and in which order they go. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { bounded } from "../../src/domain/notice.ts";
import { noticeWords } from "../../src/domain/notice_words.ts";
import { parcelOf, type Told } from "../../src/notify/parcel.ts";
import { isTold, NotificationEvent, Notifications } from "../../src/domain/notification.ts";
import { Lanes, waitAfter } from "../../src/notify/lanes.ts";
import type { OutboxItem } from "../../src/store/outbox.ts";

Deno.test("deliveries wait 1 s, then twice as long each time, at most 10 minutes", () => {
  const waits = [1, 2, 3, 10, 11, 12, 100, 5000].map(waitAfter);
  assert.deepEqual(waits, [1000, 2000, 4000, 512_000, 600_000, 600_000, 600_000, 600_000]);
});

Deno.test("filters look at what a notice is about: what is of no task passes those for tasks", () => {
  const base = { name: "n", channel: "command" as const, command: ["x"], events: ["budget" as const] };
  const cases: [about: Parameters<typeof isTold>[1], filter: object, told: boolean][] = [
    [{ event: "budget" }, {}, true],
    [{ event: "report" }, {}, false],
    [{ event: "budget" }, { project: "a", min_priority: "critical" }, true],
    [{ event: "budget", project: "a" }, { project: "a" }, true],
    [{ event: "budget", project: "b" }, { project: "a" }, false],
    [{ event: "budget", priority: "low" }, { project: "a" }, false],
    [{ event: "budget", priority: "low" }, { min_priority: "medium" }, false],
    [{ event: "budget", priority: "medium" }, { min_priority: "medium" }, true],
    [{ event: "budget", priority: "critical", project: "a" }, { min_priority: "high", project: "a" }, true],
  ];
  for (const [about, filter, told] of cases) {
    assert.equal(isTold({ ...base, ...filter }, about), told, JSON.stringify([about, filter]));
  }
});

Deno.test("the configuration refuses what cannot be told", () => {
  const good = { name: "n", channel: "webhook", url: "https://h.example/x", events: ["budget"] };
  const bad = [
    { ...good, url: "file:///etc/passwd" },
    { ...good, url: "https://" },
    { ...good, events: [] },
    { ...good, events: ["task_done"] },
    { ...good, name: "with blank" },
    { ...good, headers: { "X-A": "a\r\nX-B: b" } },
    { ...good, headers: { "X A": "a" } },
    { ...good, command: ["x"] },
    { ...good, at: "24:00" },
    { ...good, timezone: "Nowhere" },
    { name: "n", channel: "ntfy", topic: "a/b", events: ["budget"] },
    { name: "n", channel: "ntfy", events: ["budget"] },
    { name: "n", channel: "command", command: [], events: ["budget"] },
    { name: "n", channel: "mail", events: ["budget"] },
  ];
  assert.ok(Notifications.safeParse([good]).success);
  for (const one of bad) assert.ok(!Notifications.safeParse([one]).success, JSON.stringify(one));
  assert.ok(!Notifications.safeParse([good, good]).success, "two of one name");
});

Deno.test("the data of a notice are bounded, and every event has words for any data", () => {
  fc.assert(fc.property(
    fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 30 }),
    fc.constantFrom(...NotificationEvent.options),
    (data, event) => {
      const small = bounded(data);
      assert.ok(JSON.stringify(small).length < 8 * (4096 * 6 + 2000));
      const { title, text } = noticeWords({ event, data: small });
      assert.ok(title.length > 0 && !/undefined|null/.test(title) && typeof text === "string");
    },
  ));
  const long = bounded({
    error: "x".repeat(100_000),
    more: { a: ["y".repeat(100_000)] },
    ok: 1,
    none: undefined,
  });
  assert.ok(JSON.stringify(long).length < 9000);
  assert.deepEqual(Object.keys(long), ["error", "more", "ok"]);
});

Deno.test("lanes: each task's notices go in order, one at a time, few at once for a target, and none is lost", () => {
  const items = fc.array(fc.record({ target: fc.nat(2), task: fc.nat(6) }), { maxLength: 60 });
  fc.assert(fc.property(items, fc.infiniteStream(fc.nat(99)), (wanted, chance) => {
    const lanes = new Lanes();
    const draw = () => chance.next().value as number;
    const all = wanted.map(({ target, task }, i): OutboxItem => ({
      target: `t${target}`,
      at_ms: i,
      tries: 0,
      notice: {
        id: `n${i}`,
        event: "task_failed",
        time: "",
        data: {},
        task: { id: `k${task}`, type: "", description: "", priority: "low", status: "failed" },
      },
    }));
    for (const item of all) lanes.add(item), lanes.add(item);
    const delivered: OutboxItem[] = [];
    const underWay: OutboxItem[] = [];
    let now = 0;
    for (let rounds = 0; delivered.length < all.length; rounds++) {
      assert.ok(rounds < 10_000, "some never go");
      for (const item of lanes.take(now)) {
        assert.ok((item.next_ms ?? 0) <= now);
        underWay.push(item);
      }
      for (const target of ["t0", "t1", "t2"]) {
        const busy = underWay.filter((item) => item.target === target);
        assert.ok(busy.length <= 4);
        assert.equal(new Set(busy.map(({ notice }) => notice.task!.id)).size, busy.length);
      }
      const item = underWay.splice(draw() % Math.max(1, underWay.length), 1)[0];
      if (!item) {
        const next = lanes.nextAt();
        assert.notEqual(next, undefined);
        now = Math.max(now, next!);
      } else if (draw() < 30) {
        lanes.failed(item, { ...item, tries: item.tries + 1, next_ms: now + waitAfter(item.tries + 1) });
      } else {
        lanes.done(item);
        delivered.push(item);
      }
    }
    const perLane = Map.groupBy(delivered, ({ target, notice }) => `${target} ${notice.task!.id}`);
    for (const lane of perLane.values()) {
      assert.deepEqual(lane.map(({ at_ms }) => at_ms), lane.map(({ at_ms }) => at_ms).sort((a, b) => a - b));
    }
    for (const target of ["t0", "t1", "t2"]) assert.equal(lanes.sizeOf(target), 0);
  }));
});

Deno.test("lanes: what waits is tried again also if the clock was set back meanwhile", () => {
  const lanes = new Lanes();
  const now = Date.parse("2030-01-01T12:00:00Z");
  const notice = { id: "n", event: "report" as const, time: "", data: {} };
  const item: OutboxItem = { target: "t", at_ms: now, tries: 12, notice, next_ms: now + waitAfter(12) };
  lanes.add(item);
  assert.deepEqual(lanes.take(now), []);
  assert.deepEqual(lanes.take(now - 3_600_000), [item]);
});

Deno.test("a notice says times in the zone of whoever is told; what programs read stays in UTC", () => {
  const until = "2026-12-01T02:00:00.000Z";
  const data = { agent: "claude", until, reason: "limit reached" };
  const notice: Told = { id: "n", event: "provider_limit", time: until, data };
  const { title, text, body, url } = parcelOf(notice, "http://here/", "Europe/Vienna");
  assert.equal(url, "http://here/#/agents");
  assert.equal(title, "claude's limit until 2026-12-01 03:00 (Europe/Vienna)");
  assert.equal(text, "Its tasks wait.\nlimit reached");
  assert.equal(JSON.parse(body).data.until, until);
});

Deno.test("a notice fits into a value of the store, whatever texts it has", () => {
  const nasty = fc.string({
    unit: fc.constantFrom("\u0001", '"', "\\", "\n", "a", "ü", "😀"),
    maxLength: 9000,
  });
  const fields = fc.dictionary(fc.constantFrom(..."abcdefghi"), fc.oneof(nasty, fc.array(nasty)), {
    maxKeys: 9,
  });
  const fits = (data: Record<string, unknown>) => {
    const size = new TextEncoder().encode(JSON.stringify(bounded(data))).length;
    assert.ok(size < 53_000, `${size}`);
  };
  fc.assert(fc.property(fields, fits), { numRuns: 30 });
  fits(Object.fromEntries([..."abcdefgh"].map((name) => [name, "\u0001".repeat(9000)])));
  fits({ report: "\u0001".repeat(90_000) });
  assert.equal(bounded({ report: "line\n".repeat(4800) }).report, "line\n".repeat(4800));
});
