/** The filter of the audit log in the page's address. */
import { isoTime } from "../../../clock/clock.ts";
import type { RequestInput } from "../../../protocol/messages.ts";

const DAY_MS = 86_400_000;

export const RANGES = [
  { name: "1h", title: "Last hour", ms: 3_600_000 },
  { name: "24h", title: "Last 24 hours", ms: DAY_MS },
  { name: "7d", title: "Last 7 days", ms: 7 * DAY_MS },
  { name: "30d", title: "Last 30 days", ms: 30 * DAY_MS },
] as const;

export const OUTCOMES = [
  { value: "", name: "All" },
  { value: "ok", name: "Done" },
  { value: "denied", name: "Denied" },
  { value: "failed", name: "Failed" },
] as const;
export type Outcome = typeof OUTCOMES[number]["value"];

/** All parameters of the address that narrow the log. */
export const PARAMETERS = ["actor", "action", "target", "outcome", "range"];

export type Filter = NonNullable<RequestInput<"request_audit_log">["filter"]>;

export function filterIn(place: URLSearchParams, now_ms: number): Filter {
  const given = (name: string) => place.get(name) || undefined;
  const range = RANGES.find(({ name }) => name === place.get("range"));
  return {
    actor: given("actor"),
    action: given("action"),
    target: given("target"),
    outcome: outcomeIn(place) || undefined,
    start: range && isoTime(now_ms - range.ms),
  };
}

export function outcomeIn(place: URLSearchParams): Outcome {
  return OUTCOMES.find(({ value }) => value === place.get("outcome"))?.value ?? "";
}
