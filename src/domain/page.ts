/** How much one reply lists, however large the listed objects are. */
import { utf8Length } from "./scalars.ts";

/** The most that one page of a list holds, in bytes of JSON. */
export const PAGE_BYTES = 8 << 20;

/** How many of the first items a page can hold; at least one, so that paging gets on. `sizes`: in bytes. */
export function countFitting(sizes: Iterable<number>, max_bytes = PAGE_BYTES): number {
  let count = 0;
  let bytes = 0;
  for (const size of sizes) {
    bytes += size;
    if (bytes > max_bytes && count > 0) break;
    count++;
  }
  return count;
}

/** The first items, as many as a page can hold. */
export function fitting<T>(items: readonly T[], max_bytes?: number): T[] {
  const sizes = items.values().map((item) => utf8Length(JSON.stringify(item)));
  return items.slice(0, countFitting(sizes, max_bytes));
}
