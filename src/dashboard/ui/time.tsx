/** Relative times that keep up to date. */
import { signal } from "@preact/signals";
import { epochOf, systemClock } from "../../clock/clock.ts";
import { dateTime, duration, relative } from "../../protocol/formats.ts";

/** One tick per second for the whole page. */
export const now = signal(systemClock.now());
systemClock.every(1000, () => {
  if (!document.hidden) now.value = systemClock.now();
});

/** `3 min ago`, with the exact time on hover. */
export function Ago({ iso }: { iso: string }) {
  return <time dateTime={iso} title={dateTime(iso)}>{relative(epochOf(iso), now.value)}</time>;
}

/** How long something took, or has taken so far. */
export function Lasting({ from, to }: { from: string; to?: string | undefined }) {
  const ms = Math.max(0, (to === undefined ? now.value : epochOf(to)) - epochOf(from));
  return <span class="figure">{duration(to === undefined ? Math.floor(ms / 1000) * 1000 : ms)}</span>;
}
