/** The network by which a command reaches a server whose certificate this machine does not trust by itself. */
import type { Network } from "../client/network.ts";
import { LateSocket } from "./late_socket.ts";
import type { Trust } from "./trust.ts";

/** `trust`: asked for each connection, because a restarted server may have another certificate. */
export function networkWith(trust: () => Trust): Network {
  // Loaded only if there is such a server.
  const load = () => import("./tls_network.ts");
  return {
    fetch: async (url, init) => await (await load()).fetchOver(trust(), url, init),
    socket: (url, protocols, headers) =>
      new LateSocket(async () => await (await load()).socketOver(trust(), url, protocols, headers)),
  };
}
