/**
 * HTTP and WebSockets by node:http and the ws package, for servers that other machines can reach: somewhat slower than
 * `Deno.serve`, but a message is bounded however it is fragmented, and a connection that must close is dropped.
 */
import { createServer, type IncomingMessage, type ServerOptions, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { getLogger } from "@logtape/logtape";
// @ts-types="./ws_types.d.ts"
import { type WebSocket as WsSocket, WebSocketServer } from "ws";
import { type Clock, sleep, type Timer } from "../../clock/clock.ts";
import { SUBPROTOCOL } from "../../protocol/messages.ts";
import type { Caller, Socket, Transport, TransportOptions } from "./listener.ts";

const log = getLogger(["opencode-agents", "server"]);

/** How often a peer is pinged. A peer that has sent nothing since the last ping is gone. */
const HEARTBEAT_MS = 30_000;
/** How long a peer has to read what was sent before the close, and to answer the close. */
const CLOSE_WITHIN_MS = 30_000;
/** The same for a peer that broke the protocol. Nothing more is read from it. */
const BROKEN_WITHIN_MS = 1000;
/** Messages that may still arrive after the close was sent. */
const LATE_MESSAGES_MAX = 100;
/** Pings of a peer between two heartbeats; a peer that sends more is dropped. */
const PINGS_MAX = 1000;
/** How long the headers of a request, and the whole request, may take to arrive. Slower ones are answered with 408. */
const SLOW: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 2000,
};
/** How often the server connects to itself to see whether connections are accepted, and how long that may take. */
const PROBE_MS = 5000;
const PROBE_WITHIN_MS = 5000;

export async function openHardenedTransport(options: TransportOptions): Promise<Transport> {
  const { clock, host, port, answer, max_message_bytes } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: max_message_bytes,
    perMessageDeflate: false,
    // Pongs for a peer that sends pings and reads nothing would pile up.
    autoPong: false,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  const noUpgrade = (): never => {
    throw new Error("no upgrade was asked for");
  };
  // Node's option, which Deno's types do not know.
  const upgrades: ServerOptions = { shouldUpgradeCallback: isWebSocket } as ServerOptions;
  const server = createServer(
    { ...SLOW, ...upgrades },
    getRequestListener(
      (request, { incoming }) =>
        answer(request, { ip: addressOf(incoming as IncomingMessage), upgrade: noUpgrade }),
      { overrideGlobalObjects: false },
    ),
  );
  server.on("upgrade", (incoming, stream, head) => {
    // Without a listener, a peer that vanishes would end the process.
    stream.on("error", () => stream.destroy());
    void answerUpgrade(incoming, stream, head).catch((error) => {
      log.error("A request failed: {error}", { error });
      stream.destroy();
    });
  });

  const answerUpgrade = async (incoming: IncomingMessage, stream: Duplex, head: Uint8Array) => {
    let isTaken = false;
    const caller: Caller = {
      ip: addressOf(incoming),
      upgrade() {
        isTaken = true;
        let socket: HardenedSocket | undefined;
        // Calls back at once, unless it has refused the handshake itself.
        sockets.handleUpgrade(
          incoming,
          stream,
          head,
          (ws) => socket = new HardenedSocket(ws, clock),
        );
        if (!socket) throw new Error("no WebSocket handshake");
        return { socket, response: new Response() };
      },
    };
    const request = requestOf(incoming);
    const response = request ? await answer(request, caller) : new Response("Bad request", { status: 400 });
    if (!isTaken) await refuse(stream, response);
  };

  const opened = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  server.once("listening", opened.resolve);
  const fail = (error: Error) => {
    finished.reject(error);
    server.close();
  };
  server.on("error", (error: NodeJS.ErrnoException) => {
    opened.reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(error.message) : error);
    fail(error);
  });
  server.once("close", finished.resolve);
  finished.promise.catch(() => {});
  const hostname = host.replace(/^\[|\]$/g, "");
  server.listen(port, hostname);
  await opened.promise;
  const bound = (server.address() as AddressInfo).port;
  let accepted = 0;
  server.on("connection", () => accepted++);
  /** Deno's node:net stops accepting without an error when the process has no file left for a connection. */
  const probe = async () => {
    const before = accepted;
    let knock: Deno.Conn;
    try {
      knock = await Deno.connect({ hostname, port: bound });
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return fail(error);
      // There is no file left for the probe either. The next probe will show whether it recovers.
      return log.debug("No connection to ourselves: {error}", { error });
    }
    await sleep(clock, PROBE_WITHIN_MS);
    knock.close();
    if (accepted === before) fail(new Error("accepting has stopped"));
  };
  const probing = clock.every(PROBE_MS, () => void probe());
  return {
    port: bound,
    finished: finished.promise.finally(() => probing.cancel()),
    async shutdown() {
      server.close();
      server.closeIdleConnections();
      await finished.promise;
    },
  };
}

/** Any other upgrade that a client offers, such as h2c, is declined: its request is answered over HTTP. */
function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && /\bwebsocket\b/i.test(headers.upgrade ?? "");
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? "";
}

/** The request; undefined if its target or headers are not valid HTTP. */
function requestOf({ headers, method, url }: IncomingMessage): Request | undefined {
  try {
    const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    return new Request(new URL(url ?? "/", `http://${headers.host}`), {
      method,
      headers: new Headers(pairs as [string, string][]),
    });
  } catch {
    // `URL`, `Headers` and `Request` throw for what is not valid.
  }
}

async function refuse(stream: Duplex, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const head = new Headers(response.headers);
  head.set("connection", "close");
  head.set("content-length", String(body.length));
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}`];
  for (const [name, value] of head) lines.push(`${name}: ${value}`);
  stream.write(`${lines.join("\r\n")}\r\n\r\n`);
  stream.end(body, () => stream.destroy());
}

/** A socket that closes in time, whatever its peer does. */
class HardenedSocket implements Socket {
  onopen: (() => unknown) | null = null;
  onmessage: ((event: { data: unknown }) => unknown) | null = null;
  onclose: (() => unknown) | null = null;
  onerror: (() => unknown) | null = null;
  readonly #ws: WsSocket;
  readonly #clock: Clock;
  readonly #heartbeat: Timer;
  #isAlive = true;
  #closing: Timer | undefined;
  #late = 0;
  #pings = 0;

  constructor(ws: WsSocket, clock: Clock) {
    this.#ws = ws;
    this.#clock = clock;
    this.#heartbeat = clock.every(HEARTBEAT_MS, () => this.#beat());
    ws.on("message", (data, isBinary) => this.#receive(data, isBinary));
    ws.on("ping", (data) => ++this.#pings > PINGS_MAX ? ws.terminate() : ws.pong(data));
    ws.on("pong", () => this.#isAlive = true);
    ws.on("close", () => {
      this.#heartbeat.cancel();
      this.#closing?.cancel();
      this.onclose?.();
    });
    // A frame broke the protocol or its bound. ws has sent the close with its code, but would read on.
    ws.on("error", () => {
      this.onerror?.();
      this.#clock.after(0, () => ws.pause());
      this.#terminateWithin(BROKEN_WITHIN_MS);
    });
    queueMicrotask(() => this.onopen?.());
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  send(text: string): void {
    this.#ws.send(text);
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
    this.#terminateWithin(CLOSE_WITHIN_MS);
  }

  #receive(data: Uint8Array, isBinary: boolean): void {
    this.#isAlive = true;
    if (this.#closing && ++this.#late > LATE_MESSAGES_MAX) return this.#ws.terminate();
    this.onmessage?.({ data: isBinary ? data : data.toString() });
  }

  /** Drops the connection if its peer has sent nothing since the last heartbeat; else pings it. */
  #beat(): void {
    if (!this.#isAlive) return this.#ws.terminate();
    this.#isAlive = false;
    this.#pings = 0;
    this.#ws.ping();
  }

  #terminateWithin(ms: number): void {
    this.#closing ??= this.#clock.after(ms, () => this.#ws.terminate());
  }
}
