/** The API key for a server with authentication, kept for this tab only. */
import { signal } from "@preact/signals";
import { forgetTenant } from "./tenant.ts";
import { ApiError } from "../../domain/errors.ts";

const KEY = "opencode-agents.key";

/** Why the user is asked for a key; undefined while no key is needed. */
export const keyNeeded = signal<string | undefined>(undefined);

export function currentKey(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** What comes before the token in the address of a link that signs a browser in. */
const SIGN_IN = "#sign-in=";

/** The token of the link that opened this page. It is taken out of the address, and so out of the browser's history. */
export function takeSignInToken(): string | undefined {
  if (!location.hash.startsWith(SIGN_IN)) return undefined;
  const token = location.hash.slice(SIGN_IN.length);
  history.replaceState(null, "", "#/");
  return token;
}

/** Keeps this key for the connections to come. */
export function keepKey(key: string): void {
  forgetTenant();
  sessionStorage.setItem(KEY, key);
}

/** Reloads the page with this key. */
export function openWith(key: string): void {
  keepKey(key);
  location.reload();
}

/** Forgets the key and reloads the page. */
export function signOut(): void {
  sessionStorage.removeItem(KEY);
  forgetTenant();
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
