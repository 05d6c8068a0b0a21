/** What the client's ways to ask have in common: the types of a question, and how a reply becomes a result. */
import { ApiError, type ErrorCode, ERRORS } from "../domain/errors.ts";
import type { Reply, RequestInput, RequestType } from "../protocol/messages.ts";

/** A request's own fields; `type` and `request_id` are the client's business. */
export type Fields<T extends RequestType> = Omit<RequestInput<T>, "type" | "request_id">;

export interface RequestOptions {
  /** Gives up waiting; what was sent may still be carried out. */
  signal?: AbortSignal;
  /** The longest wait for the reply, time without a connection included. 30 s when absent. */
  timeout_ms?: number;
}

/** Fields may be left out where none is required. */
export type RequestArguments<T extends RequestType> = Record<never, never> extends Fields<T>
  ? [fields?: Fields<T>, options?: RequestOptions]
  : [fields: Fields<T>, options?: RequestOptions];

/** Anything that can put a question to a server: a connection, or HTTP. */
export interface Requester {
  /** Rejects with `ApiError`: the server's own, or `CONNECTION_LOST` when no reply came. */
  request<T extends RequestType>(type: T, ...args: RequestArguments<T>): Promise<Reply<T>>;
}

/** A message as it comes over the wire. */
export type WireMessage = Record<string, unknown> & { type: string };

export const DEFAULT_TIMEOUT_MS = 30_000;

/** The message in a frame or body; undefined for what is none. */
export function parseMessage(text: unknown): WireMessage | undefined {
  if (typeof text !== "string") return undefined;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    // Not JSON, so no message: the caller says what that means.
    return undefined;
  }
  const isMessage = typeof message === "object" && message !== null &&
    typeof (message as WireMessage).type === "string";
  return isMessage ? message as WireMessage : undefined;
}

/** The error that an `error` message stands for; undefined for every other message. */
export function errorIn(message: WireMessage): ApiError | undefined {
  if (message.type !== "error") return undefined;
  const code = String(message.code);
  const details = typeof message.details === "object" && message.details !== null ? message.details : {};
  // A newer server may know codes that this client does not.
  const known = Object.hasOwn(ERRORS, code);
  return new ApiError(
    known ? code as ErrorCode : "SERVICE_UNAVAILABLE",
    String(message.message),
    known ? { ...details } : { ...details, code },
  );
}

/** No reply will come. `sent`: the server may have carried the request out. */
export function lost(reason: string, details: Record<string, unknown> = {}): ApiError {
  return new ApiError("CONNECTION_LOST", reason, details);
}
