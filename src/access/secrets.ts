/** Random secrets, and the digests that are kept of them. */
import { base64Url } from "../domain/bytes.ts";
import { sha256 } from "../domain/sha256.ts";

const BYTES = 24;

/** A new secret, with a prefix that says what it is for. */
export function newSecret(prefix: "sk-" | "sess_" | ""): string {
  return prefix + base64Url(crypto.getRandomValues(new Uint8Array(BYTES)));
}

/** Whether a text has the form of a session's token. */
export function isSessionToken(text: unknown): text is string {
  return typeof text === "string" && /^sess_[\w-]{32}$/.test(text);
}

/** The digest by which a secret is recognized without being stored. */
export function digestOf(secret: string): Promise<string> {
  return sha256(new TextEncoder().encode(secret));
}
