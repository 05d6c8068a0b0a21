/** One schedule: its rule and next run; when open, also its runs and its task. */
import { useEffect, useId, useRef } from "preact/hooks";
import { epochOf } from "../../../clock/clock.ts";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
import type { NewTask, Task } from "../../../domain/task.ts";
import { duration, relative } from "../../../protocol/formats.ts";
import { ruleInWords, runsInWords, zoneOf } from "../../ui/schedule_words.ts";
import { PriorityMark } from "../../ui/status.tsx";
import { now } from "../../ui/time.tsx";
import { exactTime, OWN_ZONE } from "../../ui/zone.ts";
import { ScheduleButtons } from "./schedule_buttons.tsx";
import { SkippedRuns } from "./skipped.tsx";
import { PastRuns } from "./past_runs.tsx";
import "./schedule_card.css";

const NEXT_SHOWN = 5;

export interface ScheduleCardProps {
  schedule: Schedule;
  past: readonly Task[];
  isOpen: boolean;
  onToggle: () => void;
  onUnschedule: () => void;
  onChanged: () => void;
}

export function ScheduleCard(
  { schedule, past, isOpen, onToggle, onUnschedule, onChanged }: ScheduleCardProps,
) {
  const { id, recurring, runs } = schedule;
  const task = schedule.task as NewTask;
  const body = useId();
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen) card.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  return (
    <article ref={card} class={`card schedule${isOpen ? " is-open" : ""}`} aria-label={`Schedule ${id}`}>
      <div class="schedule-head">
        <div class="schedule-what">
          <h2>
            <button type="button" aria-expanded={isOpen} aria-controls={body} onClick={onToggle}>
              {task.description}
            </button>
          </h2>
          <p class="muted">
            <code>{id}</code> <PriorityMark priority={task.priority} />
          </p>
        </div>
        <div class="schedule-rule">
          <div>{sentence(ruleInWords(schedule))}</div>
          <div class="muted">{recurring ? runsInWords(runs, recurring) : "then the schedule ends"}</div>
        </div>
        <NextRun schedule={schedule} />
      </div>
      <div id={body} class="schedule-body" hidden={!isOpen}>
        {isOpen && (
          <>
            <div class="grid-2">
              <Upcoming schedule={schedule} />
              <Template task={task} recurring={recurring} />
            </div>
            <PastRuns tasks={past} />
            <SkippedRuns skipped={schedule.skipped} zone={recurring ? zoneOf(schedule) : OWN_ZONE} />
            <ScheduleButtons schedule={schedule} onUnschedule={onUnschedule} onChanged={onChanged} />
          </>
        )}
      </div>
    </article>
  );
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The next run: how far away it is, and its time there and here. */
function NextRun({ schedule }: { schedule: Schedule }) {
  if (schedule.paused) {
    const { reason } = schedule.paused;
    return (
      <div class="schedule-next muted">
        {reason === "failures" ? "Paused: its runs have failed" : "Paused"}
      </div>
    );
  }
  if (schedule.next_run === undefined) return <div class="schedule-next muted">No runs left</div>;
  const at_ms = epochOf(schedule.next_run);
  const zone = schedule.recurring ? zoneOf(schedule) : OWN_ZONE;
  return (
    <div class="schedule-next">
      <strong class="figure">{at_ms > now.value ? relative(at_ms, now.value) : "due"}</strong>
      <time dateTime={schedule.next_run}>{exactTime(at_ms, zone)}</time>
      {zone !== OWN_ZONE && <span class="muted">here {exactTime(at_ms, OWN_ZONE)}</span>}
    </div>
  );
}

function Upcoming({ schedule }: { schedule: Schedule }) {
  const zone = schedule.recurring ? zoneOf(schedule) : OWN_ZONE;
  return (
    <section>
      <h3>Next runs</h3>
      <ol class="upcoming">
        {schedule.upcoming.slice(0, NEXT_SHOWN).map((iso) => (
          <li key={iso}>
            <time dateTime={iso}>{exactTime(epochOf(iso), zone)}</time>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Template({ task, recurring }: { task: NewTask; recurring: Schedule["recurring"] }) {
  const { type, files_pattern, dependencies, timeout, metadata, execution = {} } = task;
  const facts: [string, string | undefined][] = [
    ["Type", type],
    ["Agent", execution.agent ?? "server default"],
    ["Folder", execution.working_dir],
    ["Prompt", execution.prompt],
    ["Model", execution.model],
    ["Permissions", execution.permissions],
    ["Isolation", execution.isolation],
    ["Environment", execution.env && Object.keys(execution.env).join(", ")],
    ["Attempts", execution.max_attempts === undefined ? undefined : `at most ${execution.max_attempts}`],
    ["Files", files_pattern],
    ["Waits for", dependencies?.join(", ")],
    ["Timeout", timeout === undefined ? undefined : duration(timeout)],
    ["Tags", metadata?.tags?.join(", ")],
    [
      "Overlap",
      recurring && (recurring.allow_overlap ? "runs may overlap" : "skipped while one is still going on"),
    ],
  ];
  return (
    <section>
      <h3>Each run</h3>
      <dl class="facts">
        {facts.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}
