/** The transport for servers that others can reach: nobody is held for longer, or in more memory, than it allows. */
import { SUBPROTOCOLS } from "../../src/protocol/api_version.ts";
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { openHardenedTransport } from "../../src/doors/transport/hardened_transport.ts";
import type { Transport } from "../../src/doors/transport/listener.ts";
import { RawSocket, TEXT } from "../fixtures/raw_socket.ts";
import { residentBytes } from "../fixtures/resident_bytes.ts";
import { type ServerOptions, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const HARDENED: ServerOptions = {
  config: { server: { transport: "hardened" }, limits: { max_message_bytes: 65_536 } },
};
const PING = { type: "ping", timestamp: 1 };
const PART = new Uint8Array(60_000).fill(120);
const CONTINUATION = 0;
const PING_FRAME = 9;
const PONG_FRAME = 10;
/** What the kernel's buffers of both ends may take before a writer notices that nobody reads. */
const BUFFERED_MAX = 32 << 20;
const NO_UTF8 = new Uint8Array([0xff, 0xfe]);

/** Bytes that were sent, a piece after another, until the connection broke or `max` were. */
async function sendUntilCutOff(max: number, send: () => Promise<number>): Promise<number> {
  let sent = 0;
  try {
    while (sent < max) sent += await send();
  } catch (error) {
    assert.match((error as Error).name, /BrokenPipe|ConnectionReset/);
  }
  return sent;
}

Deno.test("endless fragments are cut off at the message limit and cost no memory", () =>
  withServer(HARDENED, async (server) => {
    const quiet = await server.connect();
    const before = await residentBytes(server.pid);
    const endless = await RawSocket.upgrade(server.url);
    await endless.sendFragment(TEXT, PART, false);
    const sent = await sendUntilCutOff(300 << 20, async () => {
      await endless.sendFragment(CONTINUATION, PART, false);
      return PART.length;
    });
    endless.close();
    assert.ok(sent < BUFFERED_MAX, `${sent} bytes were taken`);
    const grown = await residentBytes(server.pid) - before;
    assert.ok(grown < 60e6, `${grown} bytes more`);
    assert.equal((await quiet.request(PING)).type, "pong");
    const tooMuch = async (raw: RawSocket) => {
      await raw.sendFragment(TEXT, PART, false);
      await raw.sendFragment(CONTINUATION, PART, false);
    };
    assert.equal(await closeCodeAfter(server.url, tooMuch), 1009);
  }));

/** The close code for a client that reads while it sends this. */
async function closeCodeAfter(
  url: string,
  send: (raw: RawSocket) => Promise<void>,
): Promise<number | undefined> {
  const raw = await RawSocket.upgrade(url);
  await send(raw);
  const code = await raw.closeCode();
  raw.close();
  return code;
}

Deno.test("a client that floods without reading is dropped, whatever is still in transit", () =>
  withServer(HARDENED, async (server) => {
    const quiet = await server.connect();
    const frame = new TextEncoder().encode(JSON.stringify(PING));
    const flood = await RawSocket.upgrade(server.url);
    const sent = await sendUntilCutOff(300 << 20, async () => {
      await flood.sendFrame(TEXT, frame);
      return frame.length;
    });
    flood.close();
    assert.ok(sent < BUFFERED_MAX, `${sent} bytes were taken`);
    assert.equal((await quiet.request(PING)).type, "pong");
    assert.doesNotMatch(server.stderr, / (ERROR|FATAL) |Uncaught/);
  }));

Deno.test("a client that sends endless pings is dropped; a few are answered", () =>
  withServer(HARDENED, async (server) => {
    const raw = await RawSocket.upgrade(server.url);
    const data = new Uint8Array(100).fill(7);
    await raw.sendFrame(PING_FRAME, data);
    let pong = await raw.frame();
    while (pong?.opcode === TEXT) pong = await raw.frame();
    assert.deepEqual([pong?.opcode, pong?.payload], [PONG_FRAME, data]);
    const sent = await sendUntilCutOff(300 << 20, async () => {
      await raw.sendFrame(PING_FRAME, data);
      return data.length;
    });
    raw.close();
    assert.ok(sent < BUFFERED_MAX, `${sent} bytes were taken`);
  }));

Deno.test("a client that does not answer its close is dropped within seconds", () =>
  withServer(HARDENED, async (server) => {
    const raw = await RawSocket.upgrade(server.url);
    await raw.sendFrame(TEXT, NO_UTF8);
    assert.equal(await raw.closeCode(), 1007);
    assert.equal(await raw.frame(), undefined);
    raw.close();
  }));

Deno.test("an unfinished request is answered with 408, and its connection is closed", () =>
  withServer(HARDENED, async (server) => {
    const raw = await RawSocket.request(server.url, [], "GET /health HTTP/1.1\r\nHost: ");
    assert.equal(raw.status, 408);
    raw.close();
  }));

Deno.test("auto: hardened for an address that others can reach, fast if only this machine can", async () => {
  const closeCode = (url: string) => closeCodeAfter(url, (raw) => raw.sendFrame(TEXT, NO_UTF8));
  const config = { server: { transport: "auto" } };
  // Deno drops a connection for text that is no UTF-8, ws says why before.
  await withServer({ config, args: ["--host", "0.0.0.0", "--insecure"] }, async (server) => {
    assert.equal(await closeCode(server.url.replace("0.0.0.0", "127.0.0.1")), 1007);
  });
  await withServer({ config }, async (server) => assert.equal(await closeCode(server.url), undefined));
});

Deno.test("a peer that is silent between two heartbeats is dropped", async () => {
  const repeated = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    every(_period_ms, action) {
      repeated.add(action);
      return { cancel: () => repeated.delete(action) };
    },
  };
  let gone = 0;
  const transport = await openHardenedTransport({
    subprotocol: SUBPROTOCOLS.v1,
    clock,
    host: "127.0.0.1",
    port: 0,
    max_message_bytes: 1000,
    answer(_request, { upgrade }) {
      const { socket, response } = upgrade();
      socket.onclose = () => gone++;
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    },
  });
  const url = `http://127.0.0.1:${transport.port}`;
  const silent = await RawSocket.upgrade(url);
  const alive = new WebSocket(url.replace("http", "ws"));
  await new Promise((resolve) => alive.onopen = resolve);
  const beat = () => [...repeated].forEach((action) => action());
  beat();
  const { opcode } = (await silent.frame())!;
  assert.equal(opcode, PING_FRAME, "it is asked for a sign of life");
  // Its library answers a ping before it sends anything else, so the answer has arrived when an echo comes back.
  const echo = new Promise((resolve) => alive.onmessage = resolve);
  alive.send("still here");
  await echo;
  beat();
  assert.equal(await silent.frame(), undefined);
  await until(() => gone === 1);
  assert.equal(alive.readyState, WebSocket.OPEN);
  silent.close();
  const closed = new Promise((resolve) => alive.onclose = resolve);
  alive.close();
  await closed;
  await transport.shutdown();
  await transport.finished;
  assert.equal(repeated.size, 0);
});

/** A transport that echoes what a WebSocket says, and answers requests with their length. */
function openEcho(clock: Clock): Promise<Transport> {
  return openHardenedTransport({
    subprotocol: SUBPROTOCOLS.v1,
    clock,
    host: "127.0.0.1",
    port: 0,
    max_message_bytes: 1000,
    async answer(request, { upgrade }) {
      if (new URL(request.url).pathname !== "/ws") return new Response(String((await request.text()).length));
      const { socket, response } = upgrade();
      socket.onmessage = ({ data }: { data: string }) => socket.send(data);
      return response;
    },
  });
}

const HANDSHAKE = [
  "GET /ws HTTP/1.1",
  "Host: x",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const bytesOf = (text: string) => new TextEncoder().encode(text);
/** Text frames with a mask of zero. */
const frames = (...texts: string[]) =>
  new Uint8Array(texts.flatMap((text) => [0x80 | TEXT, 0x80 | text.length, 0, 0, 0, 0, ...bytesOf(text)]));

async function nextText(raw: RawSocket): Promise<string> {
  const { opcode, payload } = (await raw.frame())!;
  assert.equal(opcode, TEXT);
  return new TextDecoder().decode(payload);
}

Deno.test("frames may come along with the handshake, and a connection may have served other requests before", async () => {
  const transport = await openEcho(systemClock);
  const url = `http://127.0.0.1:${transport.port}`;
  const raw = await RawSocket.request(url, ["POST / HTTP/1.1", "Host: x", "Content-Length: 5"], "hello");
  assert.deepEqual([raw.status, await raw.rest()], [200, "5"]);
  await raw.again(
    new Uint8Array([...bytesOf(`${HANDSHAKE.join("\r\n")}\r\n\r\n`), ...frames("first", "second")]),
  );
  assert.equal(raw.status, 101);
  assert.deepEqual([await nextText(raw), await nextText(raw)], ["first", "second"]);
  await raw.sendText("third");
  assert.equal(await nextText(raw), "third");
  raw.close();
  await transport.shutdown();
});

Deno.test("a connection on which nothing is asked any more is closed, and shutdown waits for no idle one", async () => {
  const waits: { delay_ms: number; action: () => void }[] = [];
  const clock: Clock = {
    ...systemClock,
    after(delay_ms, action) {
      const wait = { delay_ms, action };
      waits.push(wait);
      return { cancel: () => void waits.splice(waits.indexOf(wait), waits.includes(wait) ? 1 : 0) };
    },
  };
  const transport = await openEcho(clock);
  const url = `http://127.0.0.1:${transport.port}`;
  const ask = () => RawSocket.request(url, ["GET / HTTP/1.1", "Host: x"]);
  const idle = await ask();
  assert.equal(await idle.rest(), "0");
  await until(() => waits.length === 1);
  assert.equal(waits[0]!.delay_ms, 15_000);
  waits[0]!.action();
  assert.equal(await idle.frame(), undefined);
  const other = await ask();
  assert.equal(await other.rest(), "0");
  await transport.shutdown();
  assert.equal(await other.frame(), undefined);
  await assert.rejects(ask(), Deno.errors.ConnectionRefused);
  assert.deepEqual(waits, []);
  idle.close();
  other.close();
});

Deno.test("a client that resets its connection before it is accepted costs nobody else", async () => {
  const { listen } = Deno;
  let resets = 0;
  // What the system answers then; a race with the system would not always show it.
  const resetFirst = (options: Deno.TcpListenOptions) => {
    const listener = listen(options);
    const accept = listener.accept.bind(listener);
    listener.accept = () => resets++ === 0 ? Promise.reject(new Deno.errors.NotConnected()) : accept();
    return listener;
  };
  Deno.listen = resetFirst as typeof listen;
  const transport = await openEcho(systemClock).finally(() => Deno.listen = listen);
  const raw = await RawSocket.request(`http://127.0.0.1:${transport.port}`, ["GET / HTTP/1.1", "Host: x"]);
  assert.equal(raw.status, 200);
  raw.close();
  await transport.shutdown();
  await transport.finished;
});
