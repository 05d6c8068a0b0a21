/** Random secrets, and the digests that are kept of them. */
import { sha256 } from "../domain/sha256.ts";

const BYTES = 24;

/** A new secret, with a prefix that says what it is for. */
export function newSecret(prefix: "sk-" | "sess_" | ""): string {
  const random = crypto.getRandomValues(new Uint8Array(BYTES));
  // base64url; the length is a multiple of three, so there is no padding.
  return prefix + btoa(String.fromCharCode(...random)).replaceAll("+", "-").replaceAll("/", "_");
}

/** Whether a text has the form of a session's token. */
export function isSessionToken(text: unknown): text is string {
  return typeof text === "string" && /^sess_[\w-]{32}$/.test(text);
}

/** The digest by which a secret is recognized without being stored. */
export function digestOf(secret: string): Promise<string> {
  return sha256(new TextEncoder().encode(secret));
}
