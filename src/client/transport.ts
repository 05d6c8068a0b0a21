/** One WebSocket, from its opening to its end, that carries messages. */
import type { Clock } from "../clock/clock.ts";
import type { ApiError } from "../domain/errors.ts";
import { bearer, credential } from "./bearer.ts";
import type { Network } from "./network.ts";
import { refusalOf } from "./refused.ts";
import { errorIn, lost, parseMessage, type WireMessage } from "./replies.ts";

/** Every one of `SUBPROTOCOLS` of the protocol, repeated so that a web page can connect without the schemas. */
export const OFFERED_SUBPROTOCOLS = ["opencode-agents.v2", "opencode-agents.v1"];

export interface Transport {
  /** Throws `CONNECTION_LOST` if the socket is no longer open. */
  send(text: string): void;
  /** Ends the connection at once; `closed` is called with `reason`, as for any other end. */
  end(reason: ApiError): void;
}

export interface TransportOptions {
  /** The address of the WebSocket. */
  url: string;
  clock: Clock;
  network: Network;
  /** Presented to the server before any other message. */
  api_key: string | undefined;
  /** The longest wait for the server's greeting. */
  timeout_ms: number;
  /** Aborts the opening. */
  signal: AbortSignal;
  /** Called once, at the greeting and before any later message. `expires_at`: the end of the key's session. */
  opened(transport: Transport, expires_at: string | undefined): void;
  message(message: WireMessage): void;
  /** Called once, and only if the opening succeeded. */
  closed(reason: ApiError): void;
}

/**
 * Resolves when the server has sent its greeting and accepted the key, if any. Otherwise rejects: with the error that the
 * server refuses the connection with, or else with `CONNECTION_LOST`.
 */
export function openTransport(options: TransportOptions): Promise<void> {
  const { url, clock, signal } = options;
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = new AbortController();
  const headers = bearer(options.api_key);
  const socket = options.network.socket(url, OFFERED_SUBPROTOCOLS, headers);
  let state: "opening" | "open" | "ended" = "opening";

  const end = (reason: ApiError) => {
    if (state === "ended") return;
    const wasOpen = state === "open";
    state = "ended";
    ended.abort();
    bound.cancel();
    signal.removeEventListener("abort", abandon);
    // The close handshake of a dead server never ends, so this does not wait for it.
    socket.close();
    if (wasOpen) options.closed(reason);
    else reject(reason);
  };
  const bound = clock.after(options.timeout_ms, () => {
    end(
      lost(`No answer from ${url} within ${options.timeout_ms} ms`, { url, timeout_ms: options.timeout_ms }),
    );
  });
  const abandon = () => end(signal.reason);
  signal.addEventListener("abort", abandon);
  const transport: Transport = {
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) throw lost(`The connection to ${url} is closed`, { url });
      socket.send(text);
    },
    end,
  };

  socket.onmessage = ({ data }: MessageEvent) => {
    const message = parseMessage(data);
    if (!message) return end(lost(`${url} sent something that is not a message`, { url }));
    if (state === "open") return options.message(message);
    if (state === "ended") return;
    const { api_key } = options;
    if (message.type === "connection_established" && api_key !== undefined) {
      socket.send(JSON.stringify({ type: "authenticate", ...credential(api_key) }));
    } else if (
      message.type === (api_key === undefined ? "connection_established" : "authentication_success")
    ) {
      state = "open";
      bound.cancel();
      signal.removeEventListener("abort", abandon);
      options.opened(transport, message.expires_at as string | undefined);
      resolve();
    } else {
      end(errorIn(message) ?? lost(`${url} is not an opencode-agents server`, { url }));
    }
  };
  socket.onclose = ({ code, reason }: CloseEvent) => {
    const said = reason ? `: ${reason}` : "";
    if (state !== "opening") {
      // Deno gives 0 where a browser gives 1006: there was no close frame, so there is no code to tell.
      const why = code === 0 ? "" : ` (${code}${said})`;
      return end(
        lost(`The connection to ${url} was lost${why}`, {
          url,
          close_code: code,
          reason: reason || undefined,
        }),
      );
    }
    void refusalOf(options.network, url, headers, ended.signal).then((refusal) =>
      end(
        refusal ?? lost(`No connection to ${url}${said}`, { url, close_code: code, ...reason && { reason } }),
      )
    );
  };
  // Browsers give no reason here. The close event follows.
  socket.onerror = () => {};
  return promise;
}
