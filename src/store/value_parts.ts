/** Splits a value of any length over several keys, because the value of one key has at most 64 KiB. Pure. */

const PART_BYTES = 60_000;

/** At least one part. All parts except the last have the full length. */
export function parted(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= PART_BYTES) return [bytes];
  const parts = [bytes.subarray(0, PART_BYTES)];
  for (let at = PART_BYTES; at < bytes.length; at += PART_BYTES) {
    parts.push(bytes.subarray(at, at + PART_BYTES));
  }
  return parts;
}
