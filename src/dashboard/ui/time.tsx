/** Times that stay right while one looks at them. */
import { signal } from "@preact/signals";
import { epochOf, systemClock } from "../../clock/clock.ts";
import { dateTime, duration, relative } from "./format.ts";

/** One tick for the whole page, for as long as it lives. */
export const now = signal(systemClock.now());
systemClock.every(1000, () => {
  if (!document.hidden) now.value = systemClock.now();
});

/** `3 min ago`; the exact time when pointed at. */
export function Ago({ iso }: { iso: string }) {
  return <time dateTime={iso} title={dateTime(iso)}>{relative(epochOf(iso), now.value)}</time>;
}

/** How long something took, or has been taking so far. */
export function Lasting({ from, to }: { from: string; to?: string | undefined }) {
  const end = to === undefined ? now.value : epochOf(to);
  return <span class="figure">{duration(Math.max(0, end - epochOf(from)))}</span>;
}
