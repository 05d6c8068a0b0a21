import assert from "node:assert/strict";
import { connect } from "../../src/client/client.ts";
import { agreeable, type Peer, type Wire, withScript } from "../fixtures/scripted_server.ts";

const QUICK = { base_ms: 1, max_ms: 5 };

interface Entry {
  time: string;
  message: string;
}

const entry = (n: number): Entry => ({
  // Two entries share each time.
  time: new Date(Date.UTC(2026, 0, 1) + 1000 * Math.floor(n / 2)).toISOString(),
  message: `entry ${n}`,
});

/** A server with a log, which pages and follows as the contract says. */
class LogServer {
  readonly entries: Entry[] = [];
  readonly follows = new Map<Peer, Set<string>>();
  #serial = 0;

  append(count: number): void {
    for (let i = 0; i < count; i++) {
      const log = entry(this.entries.length);
      this.entries.push(log);
      for (const [peer, ids] of this.follows) {
        for (const subscription_id of ids) peer.send({ type: "log_entry", log, subscription_id });
      }
    }
  }

  readonly message = (peer: Peer, request: Wire): void => {
    if (request.type === "unsubscribe_from_updates") this.follows.get(peer)?.delete(request.subscription_id);
    if (request.type !== "request_log_entries") return agreeable(peer, request);
    const { filter, limit, sort, cursor } = request;
    const matching = this.entries.filter(({ time }) => filter.since === undefined || time >= filter.since);
    if (sort?.order !== "asc") matching.reverse();
    const from = cursor === undefined ? 0 : matching.findIndex((e) => e.message === cursor) + 1;
    const page = matching.slice(from, from + limit);
    const has_more = from + limit < matching.length;
    let subscription_id: string | undefined;
    if (filter.follow) {
      subscription_id = `sub_${++this.#serial}`;
      this.follows.set(peer, (this.follows.get(peer) ?? new Set()).add(subscription_id));
    }
    const pagination = { has_more, next_cursor: has_more ? page.at(-1)!.message : undefined };
    if (filter.follow && !sort) page.reverse();
    peer.reply(request, { type: "log_entries", subscription_id, data: { entries: page, pagination } });
  };
}

async function read(logs: AsyncIterator<{ message: string }, undefined>, count: number): Promise<string[]> {
  const messages: string[] = [];
  while (messages.length < count) messages.push((await logs.next()).value!.message);
  return messages;
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `entry ${from + i}`);

Deno.test("client: a followed log has every entry once across a reconnection, even with equal times", async () => {
  const server = new LogServer();
  server.append(3);
  await withScript({ message: server.message }, async (url, peers) => {
    const client = await connect(url, { backoff: QUICK });
    const logs = await client.followLogs();
    assert.deepEqual(await read(logs, 3), numbers(0, 3));
    server.append(2);
    assert.deepEqual(await read(logs, 2), numbers(3, 5));
    server.follows.clear();
    peers[0]!.close();
    server.append(4);
    assert.deepEqual(await read(logs, 4), numbers(5, 9));
    server.append(1);
    assert.deepEqual(await read(logs, 1), numbers(9, 10));
    client.close();
    assert.equal((await logs.next()).done, true);
  });
});

Deno.test("client: a log of many pages is read completely while it grows", async () => {
  const server = new LogServer();
  server.append(3500);
  await withScript({ message: server.message }, async (url, peers) => {
    const client = await connect(url);
    const logs = await client.followLogs();
    assert.deepEqual(await read(logs, 1200), numbers(0, 1200));
    server.append(700);
    assert.deepEqual(await read(logs, 3000), numbers(1200, 4200));
    server.append(5);
    assert.deepEqual(await read(logs, 5), numbers(4200, 4205));
    await logs.return!();
    await client.request("ping");
    assert.deepEqual([...server.follows.get(peers[0]!)!], []);
    client.close();
  });
});

Deno.test("client: with `tail` a followed log begins with its newest entries", async () => {
  const server = new LogServer();
  server.append(50);
  await withScript({ message: server.message }, async (url) => {
    const client = await connect(url);
    let older: string | undefined;
    const opened = (page: { pagination: { next_cursor?: string } }) => older = page.pagination.next_cursor;
    const logs = await client.followLogs({}, { tail: 3, opened });
    assert.deepEqual(await read(logs, 3), numbers(47, 50));
    assert.equal(older, "entry 47");
    server.append(1);
    assert.deepEqual(await read(logs, 1), numbers(50, 51));
    client.close();
  });
});
