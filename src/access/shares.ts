/**
 * How much of a limit that all clients share each kind of client may use. Clients that show no key, where one is required,
 * have a pool of their own. The rest is for those with a key, the last of it for administrators. Pure.
 */

/**
 * `unknown`: has shown no key although one is required. `ordinary`: everyone else but those who are `privileged`: the owner and
 * keys with the permission `admin`.
 */
export type Standing = "unknown" | "ordinary" | "privileged";

/** The pool of unknown clients is this part of the limit. */
const UNKNOWN_PART = 5;
/** One address may have this part of that pool. */
const ADDRESS_PART = 4;
/** The reserve of administrators is this part of the limit. */
const RESERVE_PART = 10;

/** What all unknown clients together may use. */
export function unknownShare(limit: number): number {
  return Math.max(1, Math.floor(limit / UNKNOWN_PART));
}

/** What unknown clients of one address (IPv6: one /64 network) may use. */
export function addressShare(limit: number): number {
  return Math.max(1, Math.floor(unknownShare(limit) / ADDRESS_PART));
}

/** What only administrators may use. */
export function reserve(limit: number): number {
  return Math.max(1, Math.ceil(limit / RESERVE_PART));
}

/**
 * What known clients may use. Where nobody must show a key, ordinary clients have the whole limit, and the reserve comes on
 * top of it.
 */
export function knownShare(
  limit: number,
  standing: Exclude<Standing, "unknown">,
  isKeyRequired: boolean,
): number {
  const ordinary = isKeyRequired ? Math.max(1, limit - reserve(limit)) : limit;
  return standing === "privileged" ? ordinary + reserve(limit) : ordinary;
}
