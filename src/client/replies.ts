/** What the WebSocket and the HTTP client share: the types of requests, and how a reply becomes a result. */
import { ApiError, type ErrorCode, ERRORS } from "../domain/errors.ts";
import type { Reply, RequestInput, RequestType } from "../protocol/messages.ts";

/** A request's own fields; the client adds `type` and `request_id`. */
export type Fields<T extends RequestType> = Omit<RequestInput<T>, "type" | "request_id">;

export interface RequestOptions {
  /** Ends the wait. The server may still carry out a request that was sent. */
  signal?: AbortSignal;
  /** The longest wait for the reply, including time without a connection; default 30 s. */
  timeout_ms?: number;
}

/** The fields are optional if none of them is required. */
export type RequestArguments<T extends RequestType> = Record<never, never> extends Fields<T>
  ? [fields?: Fields<T>, options?: RequestOptions]
  : [fields: Fields<T>, options?: RequestOptions];

/** Sends requests to a server, over a connection or over HTTP. */
export interface Requester {
  /** Rejects with the server's `ApiError`, or with `CONNECTION_LOST` if no reply came. */
  request<T extends RequestType>(type: T, ...args: RequestArguments<T>): Promise<Reply<T>>;
}

/** A message as it arrives. */
export type WireMessage = Record<string, unknown> & { type: string };

export const DEFAULT_TIMEOUT_MS = 30_000;

/** The message in a frame or body; undefined if it is not a message. */
export function parseMessage(text: unknown): WireMessage | undefined {
  if (typeof text !== "string") return undefined;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    // Not JSON. The caller decides what that means.
    return undefined;
  }
  const isMessage = typeof message === "object" && message !== null &&
    typeof (message as WireMessage).type === "string";
  return isMessage ? message as WireMessage : undefined;
}

/** The error in an `error` message; undefined for any other message. */
export function errorIn(message: WireMessage): ApiError | undefined {
  if (message.type !== "error") return undefined;
  const code = String(message.code);
  const details = typeof message.details === "object" && message.details !== null ? message.details : {};
  // A newer server may use codes that this client does not know.
  const known = Object.hasOwn(ERRORS, code);
  return new ApiError(
    known ? code as ErrorCode : "SERVICE_UNAVAILABLE",
    String(message.message),
    known ? { ...details } : { ...details, code },
  );
}

/** The error of a request that gets no reply. `sent`: the server may have carried it out. */
export function lost(reason: string, details: Record<string, unknown> = {}): ApiError {
  return new ApiError("CONNECTION_LOST", reason, details);
}
