/** The log filter in the page's address. */
import { isoTime } from "../../../clock/clock.ts";
import type { WindowFilter } from "../../data/log_window.ts";

export const RANGES = [
  { name: "15m", title: "Last 15 minutes", ms: 15 * 60_000 },
  { name: "1h", title: "Last hour", ms: 3_600_000 },
  { name: "24h", title: "Last 24 hours", ms: 86_400_000 },
] as const;

/** All parameters of the address that narrow the log. */
export const PARAMETERS = ["text", "agent", "source", "details", "range", "from", "to"];

export function agentsIn(place: URLSearchParams): string[] {
  return (place.get("agent") ?? "").split(",").filter((agent) => agent !== "");
}

export function filterIn(place: URLSearchParams, now_ms: number): Omit<WindowFilter, "level"> {
  const agents = agentsIn(place);
  const [text, details, source] = [place.get("text"), place.get("details"), place.get("source")];
  const time_range = rangeIn(place, now_ms);
  return {
    agent: agents.length > 0 ? agents : undefined,
    message_contains: text || undefined,
    details_contains: details || undefined,
    source_file: source || undefined,
    time_range,
  };
}

function rangeIn(place: URLSearchParams, now_ms: number): WindowFilter["time_range"] {
  const name = place.get("range");
  const range = RANGES.find((range) => range.name === name);
  if (range) return { start: isoTime(now_ms - range.ms) };
  const [start, end] = [place.get("from"), place.get("to")];
  if (name !== "custom" || (!start && !end)) return undefined;
  return { start: start || undefined, end: end || undefined };
}
