/** Listens with node:tls. A changed certificate counts for the next connections; open ones go on. */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { certificateTime } from "../../clock/certificate_time.ts";
import { isLoopback } from "../../host/processes/peer_sockets.ts";
import type { ConnectionListener } from "./connection.ts";
import type { ClientCertificate } from "./listener.ts";
import type { ServedTls } from "./served_tls.ts";
import { TlsConnection } from "./tls_connection.ts";

/** How long a client may take to agree on a key. */
const HANDSHAKE_MS = 10_000;

/** Rejects with the error of the system if it cannot listen there. */
export async function listenWithTls(
  { hostname, port, tls }: { hostname: string; port: number; tls: ServedTls },
): Promise<ConnectionListener> {
  const server = createServer({
    ...tls.context,
    requestCert: tls.client_certs !== "none",
    rejectUnauthorized: tls.client_certs === "require",
    handshakeTimeout: HANDSHAKE_MS,
    ALPNProtocols: ["http/1.1"],
  });
  server.on("tlsClientError", (error, socket) => {
    tls.failed(addressOf(socket), error.message);
    socket.destroy();
  });
  server.listen(port, hostname);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as { code?: string }).code === "EADDRINUSE") throw new Deno.errors.AddrInUse();
    throw error;
  }
  const forget = tls.onChange(() => server.setSecureContext(tls.context));
  return {
    port: (server.address() as AddressInfo).port,
    accept: (accepted) =>
      new Promise((resolve, reject) => {
        server.on("secureConnection", (socket) => {
          if (isStolen(socket, tls)) {
            tls.failed(addressOf(socket), "the certificate of this machine's own programs, from elsewhere");
            return void socket.destroy();
          }
          accepted(new TlsConnection(socket, certificateOf(socket, tls)));
        });
        server.once("close", resolve);
        server.on("error", (error) => {
          forget();
          server.close();
          reject(error);
        });
      }),
    close() {
      forget();
      server.close();
    },
  };
}

/** The certificate of the owner's commands and of agents, which they have from this machine, shown from another. */
function isStolen(socket: TLSSocket, tls: ServedTls): boolean {
  if (tls.client_certs === "none" || !socket.authorized) return false;
  const { fingerprint256 } = socket.getPeerCertificate() ?? {};
  return fingerprint256 !== undefined && tls.isOwners(fingerprint256) && !isFromHere(socket);
}

/** A connection to one of this machine's own addresses comes from that address. */
export function isFromHere(
  { remoteAddress = "", localAddress }: Pick<TLSSocket, "remoteAddress" | "localAddress">,
): boolean {
  return isLoopback(remoteAddress) || remoteAddress === localAddress;
}

/** The certificate that the client has shown; undefined for none, the owner's, and one that no known authority has signed. */
function certificateOf(socket: TLSSocket, tls: ServedTls): ClientCertificate | undefined {
  if (tls.client_certs === "none" || !socket.authorized) return undefined;
  const shown = socket.getPeerCertificate();
  if (!shown?.fingerprint256 || tls.isOwners(shown.fingerprint256)) return undefined;
  const { CN } = shown.subject;
  return {
    subject: Array.isArray(CN) ? String(CN[0]) : CN ?? "",
    expires_ms: certificateTime(shown.valid_to),
  };
}

/** A socket whose handshake failed has lost its address in Deno; the TCP socket that it wraps still has it. */
function addressOf(socket: TLSSocket & { _parent?: Socket }): string {
  return socket.remoteAddress ?? socket._parent?.remoteAddress ?? "";
}
