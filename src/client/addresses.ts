/** Turns the address that a user knows, `http://HOST:PORT`, into those of the WebSocket and the HTTP mirror. */
import { ApiError } from "../domain/errors.ts";

/** `http://host:8080`, `ws://host:8080/ws` or a proxy's `https://host/agents` → `ws(s)://…/ws`. */
export function socketAddress(url: string): string {
  return address(url, "ws", "/ws");
}

/** Like `socketAddress`, for `POST …/api`. */
export function apiAddress(url: string): string {
  return address(url, "http", "/api");
}

/** Like `socketAddress`, for `POST …/attachments`. */
export function attachmentAddress(url: string): string {
  return address(url, "http", "/attachments");
}

function address(url: string, scheme: "ws" | "http", endpoint: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // URL throws a TypeError.
    throw invalid(url);
  }
  const match = /^(?:ws|http)(s?):$/.exec(parsed.protocol);
  if (!match || parsed.hostname === "") throw invalid(url);
  const path = parsed.pathname.replace(/\/+$/, "").replace(/\/(ws|api|attachments)$/, "");
  return `${scheme}${match[1]}://${parsed.host}${path}${endpoint}`;
}

function invalid(url: string): ApiError {
  return new ApiError("INVALID_FIELD_FORMAT", `'${url}' is not the address of a server`, {
    field: "url",
    value: url,
    expected: "an address such as http://127.0.0.1:8080",
  });
}
