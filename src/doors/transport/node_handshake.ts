/** A WebSocket handshake that node:http has read: the standard request that it makes, and the answer that opens the socket. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What RFC 6455 appends to a handshake's key. */
const ACCEPTED = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The handshake as a standard request; the answer to it if it is no sound HTTP/1.1 request without a body. */
export function requestOrRefusal(incoming: IncomingMessage): Request | Response {
  if (incoming.httpVersion !== "1.1") return refused(505, "A WebSocket needs HTTP/1.1");
  const { headers } = incoming;
  if ("transfer-encoding" in headers || Number(headers["content-length"] ?? 0) !== 0) {
    // Its body would be taken for frames.
    return refused(400, "A WebSocket handshake has no body");
  }
  try {
    return requestOf(incoming);
  } catch {
    // `URL`, `Headers` and `Request` throw for what is not valid HTTP.
    return refused(400, "Bad request");
  }
}

function refused(status: number, message: string): Response {
  return new Response(`${message}\n`, { status });
}

/** Throws if the request's target or headers are not valid HTTP. A header that comes twice is a list of both values. */
function requestOf({ headers: { host }, rawHeaders, method, url = "" }: IncomingMessage): Request {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  // A target such as `//name/path` is a path here, but would be another host for `URL`'s second argument.
  return new Request(url.startsWith("/") ? `http://${host}${url}` : url, { method, headers });
}

/** The answer to a valid handshake, with our subprotocol if the client offers it. */
export function handshakeOf({ headers }: IncomingMessage, subprotocol: string): Uint8Array {
  const accept = createHash("sha1").update(headers["sec-websocket-key"] + ACCEPTED).digest("base64");
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...(offered.includes(subprotocol) ? [`Sec-WebSocket-Protocol: ${subprotocol}`] : []),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}
