/** Rates computed from growing counters. */
import { epochOf } from "../../../clock/clock.ts";
import type { NetworkStats, SystemResources } from "../../../protocol/resources.ts";

type Counter = keyof NetworkStats;

/** Per second since the previous sample; null without one, or when the counters were reset. */
export function ratesOf(samples: readonly SystemResources[], counter: Counter): (number | null)[] {
  return samples.map((sample, i) => {
    const before = samples[i - 1];
    const [from, to] = [before?.network_stats?.[counter], sample.network_stats?.[counter]];
    if (before === undefined || from === undefined || to === undefined || to < from) return null;
    const seconds = (epochOf(sample.timestamp) - epochOf(before.timestamp)) / 1000;
    return seconds > 0 ? (to - from) / seconds : null;
  });
}
