/** Random secrets, and the digests that are kept of them. */
import { createHash, randomBytes } from "node:crypto";

const BYTES = 24;

/** A new secret, with a prefix that says what it is for. */
export function newSecret(prefix: "sk-" | "sess_"): string {
  return prefix + randomBytes(BYTES).toString("base64url");
}

/** Whether a text has the form of a session's token. */
export function isSessionToken(text: unknown): text is string {
  return typeof text === "string" && /^sess_[\w-]{32}$/.test(text);
}

/** The digest by which a secret is recognized without being stored. */
export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
