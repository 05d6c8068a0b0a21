/**
 * The SHA-256 digest in hexadecimal. By the platform's Web Crypto: loading `node:crypto` would take a tenth of the
 * server's start.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
