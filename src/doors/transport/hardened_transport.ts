/**
 * HTTP and WebSockets on TCP connections of our own, for servers that other machines can reach: somewhat slower than
 * `Deno.serve`, but a message is bounded however it is fragmented, and a connection that must close is dropped. node:http
 * speaks HTTP, up to and including the handshake; `HardenedSocket` takes the connection from there.
 */
import { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerOptions, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import type { Connection, ConnectionListener } from "./connection.ts";
import { HardenedSocket } from "./hardened_socket.ts";
import type { Caller, Transport, TransportOptions } from "./listener.ts";
import { handshakeOf, requestOrRefusal } from "./node_handshake.ts";
import { closeConnection, TcpStream } from "./tcp_stream.ts";

const log = getLogger(["opencode-agents", "server"]);

/** How long the headers of a request, and the whole request, may take to arrive. Slower ones are answered with 408. */
const SLOW: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 2000,
};
/** How long a client has to read why its handshake was refused. */
const REFUSED_WITHIN_MS = 10_000;

export async function openHardenedTransport(options: TransportOptions): Promise<Transport> {
  const { clock } = options;
  const listener = await listenerFor(options);
  let isClosing = false;
  const http = httpServer(options, () => !isClosing);
  /** The connections that speak HTTP. */
  const open = new Set<TcpStream>();
  const finished = listener.accept((conn) => {
    const stream = new TcpStream(conn, clock);
    open.add(stream);
    stream.once("close", () => open.delete(stream)).once("released", () => open.delete(stream));
    stream.on("idle", () => isClosing && stream.destroy());
    // Without a listener, a peer that vanishes would end the process.
    stream.on("error", () => stream.destroy());
    http.emit("connection", stream);
  });
  const end = async () => {
    isClosing = true;
    listener.close();
    await Promise.all([...open].map(gone));
    http.close();
  };
  // What the clients of a failed transport are asking is answered, too.
  finished.catch(end);
  return {
    port: listener.port,
    finished,
    shutdown() {
      for (const stream of open) if (!stream.isBusy) stream.destroy();
      return end();
    },
  };
}

function gone(stream: TcpStream): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve).once("released", resolve));
}

/** What `accept` fails with if the peer has gone since it connected. The next connection may be sound. */
const GONE = [Deno.errors.NotConnected, Deno.errors.ConnectionAborted, Deno.errors.ConnectionReset];

async function listenerFor({ host, port, tls }: TransportOptions): Promise<ConnectionListener> {
  const hostname = host.replace(/^\[|\]$/g, "");
  if (tls) return await (await import("./tls_listener.ts")).listenWithTls({ hostname, port, tls });
  const listener = Deno.listen({ hostname, port });
  return {
    port: listener.addr.port,
    accept: (accepted) => accept(listener, accepted),
    close: () => listener.close(),
  };
}

/** Accepts connections until the listener is closed. Rejects if accepting fails, as it does without a file left. */
async function accept(listener: Deno.TcpListener, accepted: (conn: Connection) => void): Promise<void> {
  while (true) {
    let conn: Deno.TcpConn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
      if (GONE.some((kind) => error instanceof kind)) continue;
      throw error;
    }
    try {
      accepted(conn);
    } catch (error) {
      log.error("A connection failed: {error}", { error });
      closeConnection(conn);
    }
  }
}

/** The server that speaks HTTP on connections that are handed to it. */
function httpServer(
  { clock, answer, subprotocol, max_message_bytes }: TransportOptions,
  isListening: () => boolean,
): Server {
  const noUpgrade = (): never => {
    throw new Error("no upgrade was asked for");
  };
  const respond = getRequestListener(
    (request, { incoming }) =>
      answer(request, { ...addressOf(incoming as IncomingMessage), upgrade: noUpgrade }),
    { overrideGlobalObjects: false },
  );
  // An option of Node's, which Deno's types do not know.
  const upgrades = { shouldUpgradeCallback: isWebSocket } as ServerOptions;
  const server = createServer({ ...SLOW, ...upgrades }, (incoming, outgoing) => {
    const stream = incoming.socket as unknown as TcpStream;
    // A request whose connection ends before it has arrived ends with it, so that nobody waits for the rest.
    const abort = () => incoming.destroy(new Error("the connection has ended"));
    stream.once("close", abort);
    incoming.once("close", () => stream.off("close", abort)).on("error", () => {});
    stream.busy();
    void Promise.all([closed(incoming), closed(outgoing)]).then(() => stream.idle());
    return respond(incoming, outgoing);
  });
  // It is handed its connections. A server that does not listen would close each after one request; and the event starts
  // its watch over slow ones.
  Object.defineProperty(server, "listening", { get: isListening });
  server.emit("listening");
  server.on("upgrade", (incoming, stream, head) => {
    void answerUpgrade(incoming, stream as unknown as TcpStream, head).catch((error) => {
      log.error("A request failed: {error}", { error });
      stream.destroy();
    });
  });

  const answerUpgrade = async (incoming: IncomingMessage, stream: TcpStream, head: Buffer) => {
    let isTaken = false;
    const caller: Caller = {
      ...addressOf(incoming),
      upgrade() {
        isTaken = true;
        const handshake = handshakeOf(incoming, subprotocol);
        const taken = stream.release(head);
        return {
          socket: new HardenedSocket({ taken, clock, max_message_bytes, handshake }),
          response: new Response(),
        };
      },
    };
    const request = requestOrRefusal(incoming);
    const response = request instanceof Response ? request : await answer(request, caller);
    if (!isTaken) await refuse(stream, response, clock);
  };
  return server;
}

function closed(stream: EventEmitter): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

/** Any other upgrade that a client offers, such as h2c, is declined: its request is answered over HTTP. */
function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && /\bwebsocket\b/i.test(headers.upgrade ?? "");
}

function addressOf({ socket }: IncomingMessage): Pick<Caller, "ip" | "port" | "certificate"> {
  const { certificate } = socket as unknown as TcpStream;
  return { ip: socket.remoteAddress ?? "", port: socket.remotePort ?? 0, certificate };
}

async function refuse(stream: Duplex, response: Response, clock: Clock): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const head = new Headers(response.headers);
  head.set("connection", "close");
  head.set("content-length", String(body.length));
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}`];
  for (const [name, value] of head) lines.push(`${name}: ${value}`);
  const bound = clock.after(REFUSED_WITHIN_MS, () => stream.destroy());
  stream.once("close", () => bound.cancel());
  stream.write(`${lines.join("\r\n")}\r\n\r\n`);
  stream.end(body, () => stream.destroy());
}
