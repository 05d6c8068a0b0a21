/** HMAC-SHA256, by which webhooks are signed: those that come in and those that go out. */

const HMAC = { name: "HMAC", hash: "SHA-256" };

/** The secret as a key for one of the two uses. */
export function hmacKey(secret: string, use: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), HMAC, false, [use]);
}
