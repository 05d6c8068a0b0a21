/**
 * Connections to a server whose certificate this machine does not trust by itself: by an authority that the user names, or by
 * the fingerprint that the server has left for its owner. Nothing is sent before the certificate is checked.
 */
import type { Duplex } from "node:stream";
import { request as httpRequest } from "node:http";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { WebSocket as NodeWebSocket } from "ws";
import type { OpenSocket } from "./late_socket.ts";
import type { Trust } from "./trust.ts";

export async function socketOver(
  trust: Trust,
  url: string,
  protocols: readonly string[],
  headers: Record<string, string>,
): Promise<OpenSocket> {
  const socket = await dial(new URL(url), trust);
  // It is encrypted already.
  return new NodeWebSocket(url.replace(/^wss/, "ws"), [...protocols], {
    headers,
    createConnection: () => socket,
  });
}

/** A connection whose certificate is trusted. Rejects with why there is none. */
function dial(
  url: URL,
  { ca, fingerprint, certificate }: Trust,
  signal?: AbortSignal | null,
): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const options: ConnectionOptions = {
    host,
    port: url.port === "" ? 443 : Number(url.port),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: fingerprint === undefined,
    ...ca !== undefined && { ca },
    ...certificate,
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      const shown = socket.getPeerCertificate().fingerprint256;
      if (fingerprint !== undefined && shown !== fingerprint) {
        reject(
          new Error(`it shows another certificate (${shown}) than the one of the server on the data folder`),
        );
        return void socket.destroy();
      }
      resolve(socket);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
    signal?.addEventListener("abort", () => socket.destroy(), { once: true });
  });
}

export async function fetchOver(trust: Trust, address: string, init: RequestInit): Promise<Response> {
  const url = new URL(address);
  const body = init.body === undefined
    ? undefined
    : new Uint8Array(await new Response(init.body).arrayBuffer());
  const socket: Duplex = await dial(url, trust, init.signal);
  return await new Promise((resolve, reject) => {
    const request = httpRequest({
      method: init.method ?? "GET",
      path: url.pathname + url.search,
      headers: {
        ...Object.fromEntries(new Headers(init.headers)),
        host: url.host,
        connection: "close",
        ...body && { "content-length": String(body.length) },
      },
      createConnection: () => socket,
    }, (answer) => {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      answer.on("data", (piece) => pieces.push(new Uint8Array(piece)));
      answer.on("error", reject);
      answer.on("end", () => {
        socket.destroy();
        const headers = new Headers();
        for (const [name, values] of Object.entries(answer.headersDistinct)) {
          for (const value of values ?? []) headers.append(name, value);
        }
        const status = answer.statusCode ?? 502;
        const isEmpty = status === 204 || status === 304;
        resolve(new Response(isEmpty ? null : new Blob(pieces), { status, headers }));
      });
    });
    request.on("error", reject);
    // A server that refuses this client's certificate says so only after the handshake.
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
    request.end(body);
  });
}
