/**
 * HTTP and WebSockets by `Deno.serve`: the fastest transport, for trusted clients. It cannot bound a message that comes
 * in endless fragments, nor drop a connection whose client does not answer a close.
 */
import { getLogger } from "@logtape/logtape";
import type { Transport, TransportOptions } from "./listener.ts";

const log = getLogger(["opencode-agents", "server"]);

/** A peer that answers no WebSocket ping for this long is considered gone. */
const IDLE_SECONDS = 60;

export function openFastTransport({ host, port, subprotocol, answer }: TransportOptions): Promise<Transport> {
  // Nothing is awaited here, but errors must reject the promise.
  return Promise.try(() => {
    const server = Deno.serve(
      {
        hostname: host,
        port,
        onListen: () => {},
        onError: (error) => {
          log.error("A request failed: {error}", { error });
          return new Response("Internal error", { status: 500 });
        },
      },
      (request, { remoteAddr }) =>
        answer(request, {
          ip: remoteAddr.hostname,
          port: remoteAddr.port,
          upgrade: () => upgradeSocket(request, subprotocol),
        }),
    );
    return { port: server.addr.port, finished: server.finished, shutdown: () => server.shutdown() };
  });
}

/** Upgrades the request's connection, with our subprotocol if the client offers it. */
function upgradeSocket(request: Request, subprotocol: string): Deno.WebSocketUpgrade {
  // If another protocol comes first in a header of its own, Deno neither answers nor closes the connection.
  const [first] = (request.headers.get("upgrade") ?? "").split(",");
  if (first!.trim().toLowerCase() !== "websocket") throw new TypeError("another protocol is offered first");
  const offered = request.headers.get("sec-websocket-protocol") ?? "";
  // Deno only reads lists separated by a comma and a space, and throws if it does not find the name.
  const isKnown = offered.split(", ").includes(subprotocol);
  const upgrade = Deno.upgradeWebSocket(request, {
    idleTimeout: IDLE_SECONDS,
    protocol: isKnown ? subprotocol : undefined,
  });
  if (!isKnown && offered.split(",").some((name) => name.trim() === subprotocol)) {
    try {
      upgrade.response.headers.set("sec-websocket-protocol", subprotocol);
    } catch (error) {
      // Deno 2.4 has closed the headers by now, so the client gets no subprotocol, which it may accept.
      log.debug("No subprotocol for a list like '{offered}': {error}", { offered, error });
    }
  }
  return upgrade;
}
