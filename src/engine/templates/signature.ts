/** The signature of a delivery: HMAC-SHA256 of its body, as GitHub writes it. */
import { hmacKey } from "../../domain/hmac.ts";

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** Compares in a time that does not depend on where the signatures differ. */
export async function isSigned(
  secret: string,
  { body, signature }: { body: Uint8Array<ArrayBuffer>; signature: string | undefined },
): Promise<boolean> {
  const hex = SIGNATURE.exec(signature ?? "")?.[1];
  if (hex === undefined) return false;
  return await crypto.subtle.verify(
    "HMAC",
    await hmacKey(secret, "verify"),
    Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16)),
    body,
  );
}
