/** The runs of one day, each with a link to its task or schedule. */
import { Link } from "wouter-preact";
import { relative } from "../../../protocol/formats.ts";
import { StatusBadge } from "../../ui/status.tsx";
import { now } from "../../ui/time.tsx";
import { instantOf } from "../../../domain/time_zones.ts";
import { clockTime } from "../../ui/zone.ts";
import { dayName } from "./month.ts";
import type { Run } from "./runs.ts";

export interface DayRunsProps {
  day: string;
  runs: readonly Run[];
  zone: string;
  hrefOf: (schedule_id: string) => string;
}

export function DayRuns({ day, runs, zone, hrefOf }: DayRunsProps) {
  const isOver = instantOf(`${day}T23:59`, zone) < now.value;
  return (
    <section class="day-runs" aria-label={`Runs of ${dayName(day)}`}>
      <h3>{dayName(day)}</h3>
      {runs.length === 0 && <p class="muted">No runs on this day.</p>}
      <ul>
        {runs.map(({ schedule_id, at_ms, task }) => (
          <li key={`${schedule_id} ${at_ms}`}>
            <time class="figure">{clockTime(at_ms, zone)}</time>
            {task
              ? <Link class="clip" href={`/tasks/${task.id}`}>{task.id}</Link>
              : <Link class="clip" href={hrefOf(schedule_id)}>{schedule_id}</Link>}
            {task
              ? <StatusBadge status={task.status} />
              : <span class="muted figure">{relative(at_ms, now.value)}</span>}
          </li>
        ))}
      </ul>
      {!isOver && <Link href={`/new?schedule=1&at=${day}T09:00`}>Schedule something for this day</Link>}
    </section>
  );
}
