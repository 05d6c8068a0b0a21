/** What panels for what an agent asks a person have in common: their look, and the time left to answer. */
import { epochOf } from "../../../clock/clock.ts";
import { duration } from "../../../protocol/formats.ts";
import { now } from "../../ui/time.tsx";
import "./asked.css";

/** `outcome`: what happens when the time is up, such as "denied". */
export function TimeLeft({ iso, outcome }: { iso: string; outcome: string }) {
  const left_ms = Math.max(0, epochOf(iso) - now.value);
  return (
    <span class={`asked-left figure${left_ms < 60_000 ? " is-near" : ""}`} role="timer">
      {left_ms === 0 ? "time is up" : `${outcome} in ${duration(1000 * Math.ceil(left_ms / 1000))}`}
    </span>
  );
}
