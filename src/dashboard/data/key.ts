/** The API key for a server with authentication, kept for this tab only. */
import { signal } from "@preact/signals";
import { ApiError } from "../../domain/errors.ts";

const KEY = "opencode-agents.key";

/** Why the user is asked for a key; undefined while no key is needed. */
export const keyNeeded = signal<string | undefined>(undefined);

export function currentKey(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** Reloads the page with this key. */
export function openWith(key: string): void {
  sessionStorage.setItem(KEY, key);
  location.reload();
}

/** Forgets the key and reloads the page. */
export function signOut(): void {
  sessionStorage.removeItem(KEY);
  location.reload();
}

/** Whether the error means that a key is needed. If so, asks the user for one. */
export function needsKey(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.code !== "AUTHENTICATION_REQUIRED" && error.code !== "INVALID_AUTH_TOKEN") return false;
  keyNeeded.value ??= error.code === "INVALID_AUTH_TOKEN"
    ? "The key is not valid: it is unknown, expired or revoked."
    : "This server requires an API key.";
  return true;
}
