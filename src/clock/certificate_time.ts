/** The times of certificates, as libraries take and give them. */

/** Of `Dec  1 01:25:10 2026 GMT`, as OpenSSL and node:crypto write it; in milliseconds since the epoch. */
export function certificateTime(text: string): number {
  return Date.parse(text);
}

export function dateOf(epoch_ms: number): Date {
  return new Date(epoch_ms);
}
