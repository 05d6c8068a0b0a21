import assert from "node:assert/strict";
import fc from "fast-check";
import { connect } from "../../src/client/client.ts";
import { PushQueue } from "../../src/client/push_queue.ts";
import { backoffDelay, DEFAULT_BACKOFF } from "../../src/client/reconnect.ts";
import { isWanted, type PushStream } from "../../src/client/subscriptions.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { agreeable, type Peer, type Wire, withScript } from "../fixtures/scripted_server.ts";
import { until } from "../fixtures/until.ts";

const QUICK = { base_ms: 1, max_ms: 5 };

const statusPush = (task_id: string, new_status: string): Wire => ({
  type: "task_status_update",
  task_id,
  new_status,
  progress: 0,
  timestamp: "t",
});

async function take(stream: PushStream, count: number): Promise<Wire[]> {
  const taken: Wire[] = [];
  while (taken.length < count) {
    const { done, value } = await stream.next();
    if (done) break;
    taken.push(value as Wire);
  }
  return taken;
}

Deno.test("client queue: everything pushed comes out in order, up to the bound, then an error", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 20 }),
      fc.integer({ min: 1, max: 20 }),
      async (items, max) => {
        let ended = 0;
        const queue = new PushQueue<number>(max, () => ended++);
        for (const item of items) queue.push(item);
        const isOver = items.length > max;
        if (!isOver) queue.end();
        const out: number[] = [];
        const reading = (async () => {
          for await (const item of queue) out.push(item);
        })();
        if (isOver) {
          await assert.rejects(reading, (e) => e instanceof ApiError && e.code === "SUBSCRIPTION_ERROR");
        } else await reading;
        assert.deepEqual(out, items.slice(0, max));
        assert.equal(ended, 1);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("client queue: a waiting reader gets the next item, or the end, at once", async () => {
  const queue = new PushQueue<string>(1);
  const [first, second] = [queue.next(), queue.next()];
  queue.push("a");
  queue.push("b");
  assert.deepEqual([await first, await second].map((r) => r.value), ["a", "b"]);
  const third = queue.next();
  queue.end();
  assert.equal((await third).done, true);
});

Deno.test("client backoff: full jitter below a ceiling that doubles up to the maximum", () => {
  fc.assert(fc.property(fc.nat(2000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
    const delay = backoffDelay(attempt, DEFAULT_BACKOFF, random);
    assert.ok(delay >= 0 && delay <= Math.min(30_000, 1000 * 2 ** attempt));
    assert.ok(Number.isFinite(delay));
  }));
  assert.equal(backoffDelay(2, DEFAULT_BACKOFF, 0.5), 2000);
});

Deno.test("client: finds the subscription that a push is for", () => {
  const push = statusPush("a", "failed");
  assert.ok(isWanted(push, ["task_status"]));
  assert.ok(!isWanted(push, ["task_progress", "agents"]));
  assert.ok(isWanted(push, ["task_status"], { task_status: { task_ids: ["a", "b"], statuses: ["failed"] } }));
  assert.ok(!isWanted(push, ["task_status"], { task_status: { task_ids: ["b"] } }));
  assert.ok(!isWanted(push, ["task_status"], { task_status: { statuses: ["completed"] } }));
  assert.ok(isWanted({ type: "permission_request", task_id: "a" }, ["task_status"]));
  const log = { type: "log_entry", log: { level: "warn", agent: "a" } };
  assert.ok(!isWanted(log, ["log_entries"], { log_entries: { levels: ["error"] } }));
  assert.ok(!isWanted({ type: "unheard_of" }, ["task_status"]));
});

Deno.test("client: two subscriptions on one connection each get what they asked for", async () => {
  let peer: Peer;
  await withScript({
    message: (one, message) => {
      peer = one;
      agreeable(one, message);
    },
  }, async (url, peers) => {
    const client = await connect(url);
    const a = await client.subscribe(["task_status"], { task_status: { task_ids: ["a"] } });
    const all = await client.subscribe(["task_status", "agents"]);
    peer.send(statusPush("a", "running"));
    peer.send(statusPush("b", "running"));
    peer.send(statusPush("a", "completed"));
    assert.deepEqual((await take(a, 2)).map((p) => p.new_status), ["running", "completed"]);
    assert.deepEqual((await take(all, 3)).map((p) => p.task_id), ["a", "b", "a"]);
    await a.return!();
    await until(() => peers[0]!.heard.some((m) => m.type === "unsubscribe_from_updates"));
    assert.equal(peers[0]!.heard.at(-1)!.subscription_id, "sub_1_1");
    client.close();
    assert.equal((await all.next()).done, true);
  });
});

Deno.test("client: after a reconnection, it subscribes again, says so, and continues", async () => {
  await withScript({ message: agreeable }, async (url, peers) => {
    const client = await connect(url, { backoff: QUICK });
    const filters = { task_status: { task_ids: ["a"] } };
    const pushes = await client.subscribe(["task_status"], filters);
    peers[0]!.send(statusPush("a", "queued"));
    assert.equal((await take(pushes, 1))[0]!.new_status, "queued");
    peers[0]!.close();
    assert.equal((await take(pushes, 1))[0]!.type, "resubscribed");
    const [again] = peers[1]!.heard;
    assert.deepEqual([again!.type, again!.channels, again!.filters], [
      "subscribe_to_updates",
      ["task_status"],
      filters,
    ]);
    peers[1]!.send(statusPush("a", "completed"));
    assert.equal((await take(pushes, 1))[0]!.new_status, "completed");
    client.close();
  });
});

Deno.test("client: a rate-limited resubscription is tried on the next connection; a refused one ends", async () => {
  const answers: Record<number, string> = { 2: "RATE_LIMIT_EXCEEDED", 3: "SUBSCRIPTION_ERROR" };
  const message = (peer: Peer, message: Wire) => {
    const code = answers[peer.number];
    if (code) peer.reply(message, { type: "error", code, message: "no", timestamp: "t" });
    else agreeable(peer, message);
  };
  await withScript({ message }, async (url, peers) => {
    const client = await connect(url, { backoff: QUICK });
    const pushes = await client.subscribe(["task_status"]);
    peers[0]!.close();
    await assert.rejects(take(pushes, 1), (e) => e instanceof ApiError && e.code === "SUBSCRIPTION_ERROR");
    assert.equal(peers.length, 3);
    client.close();
  });
});

Deno.test("client: a slow reader gets what fits, then an error", async () => {
  await withScript({ message: agreeable }, async (url, peers) => {
    const client = await connect(url, { queue_max: 2 });
    const pushes = await client.subscribe(["task_status"]);
    for (const id of ["a", "b", "c"]) peers[0]!.send(statusPush(id, "running"));
    await client.request("ping");
    assert.deepEqual((await take(pushes, 2)).map((p) => p.task_id), ["a", "b"]);
    await assert.rejects(take(pushes, 1), (e) => e instanceof ApiError && e.code === "SUBSCRIPTION_ERROR");
    client.close();
  });
});

Deno.test("client: waitFor ends with the task, even if it ended while the connection was lost", async () => {
  let status = "running";
  const message = (peer: Peer, message: Wire) =>
    message.type === "get_task_status"
      ? peer.reply(message, { type: "task_status", task: { id: "a", status } })
      : agreeable(peer, message);
  await withScript({ message }, async (url, peers) => {
    const client = await connect(url, { backoff: QUICK });
    const waiting = client.waitFor("a");
    await until(() => peers[0]!.heard.some((m) => m.type === "get_task_status"));
    status = "failed";
    peers[0]!.close();
    assert.equal((await waiting).status, "failed");

    status = "running";
    const again = client.waitFor("a");
    await until(() => peers.at(-1)!.heard.filter((m) => m.type === "get_task_status").length === 2);
    peers.at(-1)!.send(statusPush("a", "paused"));
    status = "completed";
    peers.at(-1)!.send(statusPush("a", "completed"));
    assert.equal((await again).status, "completed");

    status = "running";
    const abort = new AbortController();
    const aborted = client.waitFor("a", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    client.close();
  });
});
