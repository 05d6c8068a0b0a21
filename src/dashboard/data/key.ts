/** The API key that a server with authentication wants: kept for this tab alone, gone with it. */
import { signal } from "@preact/signals";
import { ApiError } from "../../domain/errors.ts";

const KEY = "opencode-agents.key";

/** Why a key is wanted from the user; undefined while none is. */
export const keyWanted = signal<string | undefined>(undefined);

export function currentKey(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** Starts anew with this key. */
export function openWith(key: string): void {
  sessionStorage.setItem(KEY, key);
  location.reload();
}

/** Whether the error says that a key is wanted; then it is asked for. */
export function wantsKey(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.code !== "AUTHENTICATION_REQUIRED" && error.code !== "INVALID_AUTH_TOKEN") return false;
  keyWanted.value ??= error.code === "INVALID_AUTH_TOKEN"
    ? "The key is not valid: unknown, expired or revoked."
    : "This server wants an API key.";
  return true;
}
