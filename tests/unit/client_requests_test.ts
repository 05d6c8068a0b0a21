import assert from "node:assert/strict";
import { apiAddress, socketAddress } from "../../src/client/addresses.ts";
import { Client, connect } from "../../src/client/client.ts";
import { OFFERED_SUBPROTOCOLS } from "../../src/client/transport.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { SUBPROTOCOLS } from "../../src/protocol/api_version.ts";
import { agreeable, type Peer, type Wire, withScript } from "../fixtures/scripted_server.ts";
import { until } from "../fixtures/until.ts";

const QUICK = { base_ms: 1, max_ms: 5 };

function codeOf(code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code);
    return true;
  };
}

Deno.test("client: addresses of the socket and of the HTTP mirror", () => {
  assert.equal(socketAddress("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/ws");
  assert.equal(socketAddress("https://example.org/agents/"), "wss://example.org/agents/ws");
  assert.equal(socketAddress("wss://example.org/ws"), "wss://example.org/ws");
  assert.equal(apiAddress("ws://[::1]:1/ws"), "http://[::1]:1/api");
  for (const wrong of ["", "localhost:8080", "ftp://x", "http://"]) {
    assert.throws(() => socketAddress(wrong), codeOf("INVALID_FIELD_FORMAT"), wrong);
  }
});

Deno.test("client: the subprotocol it offers is the protocol's", () => {
  assert.deepEqual(OFFERED_SUBPROTOCOLS.toSorted(), Object.values(SUBPROTOCOLS).toSorted());
});

Deno.test("client: replies are matched by request_id, in whatever order they arrive", async () => {
  const waiting: [Peer, Wire][] = [];
  const message = (peer: Peer, request: Wire) => {
    waiting.push([peer, request]);
    if (waiting.length < 3) return;
    for (const [peer, request] of waiting.reverse()) {
      peer.reply(request, { type: "task_cancelled", task_id: request.task_id, timestamp: "t" });
    }
  };
  await withScript({ message }, async (url) => {
    const client = await connect(url);
    const replies = await Promise.all(
      ["a", "b", "c"].map((task_id) => client.request("cancel_task", { task_id })),
    );
    assert.deepEqual(replies.map((reply) => reply.task_id), ["a", "b", "c"]);
    assert.ok(!("request_id" in replies[0]!));
    client.close();
  });
});

Deno.test("client: an error reply becomes an ApiError with its code, message and details", async () => {
  const message = (peer: Peer, request: Wire) =>
    peer.reply(request, {
      type: "error",
      code: "TASK_NOT_FOUND",
      message: "Task with ID 'x' not found",
      details: { task_id: "x" },
      timestamp: "t",
    });
  await withScript({ message }, async (url) => {
    const client = await connect(url);
    await assert.rejects(client.request("cancel_task", { task_id: "x" }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.code, error.message, error.details], [
        "TASK_NOT_FOUND",
        "Task with ID 'x' not found",
        { task_id: "x" },
      ]);
      return true;
    });
    client.close();
  });
});

Deno.test("client: waiting ends by timeout, by signal, and when the client is closed", async () => {
  await withScript({}, async (url) => {
    const client = await connect(url);
    await assert.rejects(client.request("ping", {}, { timeout_ms: 20 }), codeOf("CONNECTION_LOST"));
    const abort = new AbortController();
    const aborted = client.request("ping", {}, { signal: abort.signal });
    abort.abort(new Error("changed my mind"));
    await assert.rejects(aborted, /changed my mind/);
    await assert.rejects(client.request("ping", {}, { signal: abort.signal }), /changed my mind/);
    const open = client.request("ping");
    client.close();
    await assert.rejects(open, codeOf("CONNECTION_LOST"));
    await assert.rejects(client.request("ping"), codeOf("CONNECTION_LOST"));
  });
});

Deno.test("client: a lost connection fails sent requests; later ones wait for the next connection", async () => {
  const message = (peer: Peer, request: Wire) => peer.number === 1 ? peer.close() : agreeable(peer, request);
  await withScript({ message }, async (url, peers) => {
    const client = await connect(url, { backoff: QUICK });
    await assert.rejects(client.request("cancel_task", { task_id: "a" }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.code, "CONNECTION_LOST");
      assert.equal(error.details.sent, true);
      return true;
    });
    assert.equal(client.isConnected, false);
    assert.equal((await client.request("ping")).type, "pong");
    assert.deepEqual(peers[1]!.heard.map((m) => m.type), ["ping"]);
    client.close();
  });
});

Deno.test("client: connect rejects if there is no server, no greeting, or a refused upgrade", async () => {
  const port = await deadPort();
  await assert.rejects(connect(`http://127.0.0.1:${port}`), codeOf("CONNECTION_LOST"));
  await withScript({ greet: false }, async (url) => {
    await assert.rejects(connect(url, { connect_timeout_ms: 50 }), codeOf("CONNECTION_LOST"));
  });
  await withScript({ refuse: () => 429 }, async (url) => {
    await assert.rejects(connect(url), codeOf("CONNECTION_LOST"));
  });
});

Deno.test("client: with `persist`, the first connection is tried for until it stands", async () => {
  const delays: number[] = [];
  await withScript({ refuse: (n) => n < 4 ? 429 : undefined, message: agreeable }, async (url) => {
    const client = await connect(url, {
      persist: true,
      backoff: QUICK,
      changed: (change) => change.state === "retrying" && delays.push(change.delay_ms),
    });
    assert.equal(delays.length, 3);
    assert.equal((await client.request("ping")).type, "pong");
    client.close();
  });
});

Deno.test("client: closing ends an attempt to connect", async () => {
  const port = await deadPort();
  const retried = Promise.withResolvers<void>();
  const client = new Client(`http://127.0.0.1:${port}`, {
    persist: true,
    backoff: { base_ms: 1e6, max_ms: 1e6 },
    changed: (change) => change.state === "retrying" && retried.resolve(),
  });
  const opening = client.open();
  await retried.promise;
  client.close();
  await assert.rejects(opening, codeOf("CONNECTION_LOST"));
});

Deno.test("client: a silent server is noticed, and its connection is dropped", async () => {
  const reasons: string[] = [];
  // A clock on which ten seconds pass in ten milliseconds.
  const clock = {
    ...systemClock,
    after: (ms: number, action: () => void) => systemClock.after(ms / 1000, action),
    every: (ms: number, action: () => void) => systemClock.every(ms / 1000, action),
  };
  const message = (peer: Peer, request: Wire) => peer.number > 1 && agreeable(peer, request);
  await withScript({ message }, async (url, peers) => {
    const client = await connect(url, {
      clock,
      connect_timeout_ms: 5_000_000,
      heartbeat_ms: 5000,
      backoff: QUICK,
      changed: (change) => change.state === "lost" && reasons.push(change.reason.code),
    });
    await until(() => peers.length === 2);
    assert.deepEqual(reasons.slice(0, 1), ["HEARTBEAT_TIMEOUT"]);
    client.close();
  });
});

/** A port on which nobody listens any more. */
async function deadPort(): Promise<number> {
  let port = 0;
  await withScript({}, (url) => {
    port = Number(new URL(url).port);
    return Promise.resolve();
  });
  return port;
}

Deno.test("client: presents its key first on each connection, and again before the session ends", async () => {
  const shown: string[] = [];
  const clock = {
    ...systemClock,
    // The greater part of an hour passes at once; all else takes its time.
    after: (delay_ms: number, action: () => void) =>
      systemClock.after(delay_ms > 2_000_000 ? 1 : delay_ms, action),
  };
  const message = (peer: Peer, request: Wire) => {
    shown.push(`${peer.number} ${request.type} ${request.api_key ?? ""}`);
    if (request.type !== "authenticate") return peer.reply(request, { type: "pong", server_time: "t" });
    // The first two sessions last an hour; the next is longer than the test.
    const hours = shown.length <= 2 ? 1 : 0.5;
    const expires_at = new Date(Date.now() + hours * 3_600_000).toISOString();
    const opened = {
      type: "authentication_success",
      session_token: "s",
      permissions: [],
      timestamp: "t",
      expires_at,
    };
    if (request.request_id === undefined) peer.send(opened);
    else peer.reply(request, opened);
  };
  await withScript({ message }, async (url, peers) => {
    const client = await connect(url, { clock, api_key: () => "sk-mine", backoff: QUICK });
    await until(() => shown.length === 3);
    assert.deepEqual(shown, Array(3).fill("1 authenticate sk-mine"));
    peers[0]!.close();
    await until(() => peers.length === 2);
    await client.request("ping");
    assert.deepEqual(shown.slice(3), ["2 authenticate sk-mine", "2 ping "]);
    client.close();
  });
});

Deno.test("client: gives up on a lost server when its patience is over, and rejects everything that waits", async () => {
  const changes: string[] = [];
  const refuse = (number: number) => number > 1 ? 503 : undefined;
  await withScript({ refuse, message: () => {} }, async (url, peers) => {
    const client = await connect(url, {
      patience_ms: 50,
      backoff: QUICK,
      changed: (change) =>
        void changes.push(change.state === "lost" && change.final ? "given up" : change.state),
    });
    peers[0]!.close();
    await until(() => changes.includes("lost"));
    await assert.rejects(client.request("ping"), codeOf("CONNECTION_LOST"));
    assert.equal(changes.at(-1), "given up");
  });
});
