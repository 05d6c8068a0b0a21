/** The last times that made no run, and why. */
import { epochOf } from "../../../clock/clock.ts";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
import { exactTime } from "../../ui/zone.ts";

type Reason = Schedule["skipped"][number]["reason"];

const REASONS: Record<Reason, string> = {
  overlap: "the run before was still going on",
  held_agent: "the run before was waiting for its agent, which its provider refused",
  no_node: "the run before was waiting for a node",
  paused: "the schedule was paused",
  failed: "the run could not be made",
};

export function SkippedRuns({ skipped, zone }: { skipped: Schedule["skipped"]; zone: string }) {
  if (skipped.length === 0) return null;
  return (
    <section>
      <h3>Left out</h3>
      <ul class="upcoming">
        {[...skipped].reverse().map(({ time, reason, message }) => (
          <li key={time}>
            <time dateTime={time}>{exactTime(epochOf(time), zone)}</time>: {REASONS[reason]}
            {reason === "failed" && message !== undefined ? ` (${message})` : ""}
          </li>
        ))}
      </ul>
    </section>
  );
}
