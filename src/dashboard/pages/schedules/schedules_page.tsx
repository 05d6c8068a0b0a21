/** The schedules, and a calendar of their runs. */
import { useComputed } from "@preact/signals";
import { Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { epochOf } from "../../../clock/clock.ts";
import { counted } from "../../../protocol/formats.ts";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
import type { Task } from "../../../domain/task.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask, client } from "../../data/server.ts";
import { tasks } from "../../data/tasks.ts";
import { usePlace } from "../../hash_location.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { now } from "../../ui/time.tsx";
import { attempt } from "../../ui/toast.tsx";
import { isTimeZone } from "../../../domain/time_zones.ts";
import { dayIn, OWN_ZONE } from "../../ui/zone.ts";
import { Calendar } from "./calendar.tsx";
import { DayRuns } from "./day_runs.tsx";
import { PastRuns } from "./past_runs.tsx";
import { runsByDay, runsBySchedule, toldInPart, UPCOMING } from "./runs.ts";
import { ScheduleCard } from "./schedule_card.tsx";
import "./schedules.css";
import { Page } from "../../ui/page.tsx";

/** How often the schedules are loaded again: no push announces schedules that others create. */
const AGAIN_AFTER_MS = 30_000;
/** The server creates a run at most this long after it is due. */
const MADE_AFTER_MS = 1500;

export function SchedulesPage() {
  const past = useComputed(() => runsBySchedule(tasks.value));
  const [known, setKnown] = useState<readonly Schedule[]>([]);
  // Loads again when a run was created and when a run is due: a skipped run creates no task.
  const news = useComputed(() => {
    let made = 0;
    for (const runs of past.value.values()) made += runs.length;
    const due = known.filter(({ next_run }) => next_run && epochOf(next_run) + MADE_AFTER_MS < now.value);
    return `${made} ${due.map(({ id, next_run }) => `${id} ${next_run}`).join()}`;
  });
  const answer = useAnswer(
    async () => {
      const { schedules } = await ask("list_schedules", { upcoming: UPCOMING });
      setKnown(schedules);
      return schedules;
    },
    AGAIN_AFTER_MS,
    news.value,
  );
  const [leaving, setLeaving] = useState<string>();
  const schedules = answer.value;
  return (
    <Page
      class="schedules-page"
      actions={
        <Link class="button" href="/new?schedule=1">
          <Plus size={14} aria-hidden="true" /> New schedule
        </Link>
      }
    >
      {answer.error !== undefined && <Problem what="The schedules cannot be shown" error={answer.error} />}
      {schedules === undefined
        ? answer.error === undefined && <p class="muted" role="status">Loading the schedules…</p>
        : (
          <Shown
            schedules={schedules}
            past={past.value}
            onUnschedule={setLeaving}
            onChanged={answer.reload}
          />
        )}
      {leaving !== undefined && (
        <Confirm
          title={`Unschedule ${leaving}?`}
          action="Unschedule"
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await attempt(
              () => client.request("unschedule_task", { task_id: leaving }),
              `${leaving} was unscheduled`,
            );
            await answer.reload();
          }}
        >
          No more runs will start. Past runs stay as they are.
        </Confirm>
      )}
    </Page>
  );
}

interface ShownProps {
  schedules: readonly Schedule[];
  past: ReadonlyMap<string, readonly Task[]>;
  onUnschedule: (id: string) => void;
  onChanged: () => void;
}

function Shown({ schedules, past, onUnschedule, onChanged }: ShownProps) {
  const [place, change] = usePlace();
  const open = place.get("schedule") ?? "";
  const ended = [...past].filter(([id]) => !schedules.some((schedule) => schedule.id === id));
  if (schedules.length === 0 && ended.length === 0) {
    return (
      <div class="card empty">
        <strong>Nothing is scheduled</strong>
        <p>
          A schedule runs a task once, or again and again: each hour, day, week or month, or by a cron
          expression.
        </p>
        <Link class="button primary" href="/new?schedule=1">New schedule</Link>
      </div>
    );
  }
  return (
    <>
      <section class="schedule-list" aria-label="Schedules">
        {schedules.length === 0 && (
          <p class="muted">
            No schedules are left. These are runs of earlier schedules.
          </p>
        )}
        {schedules.map((schedule) => (
          <ScheduleCard
            key={schedule.id}
            schedule={schedule}
            past={past.get(schedule.id) ?? []}
            isOpen={open === schedule.id}
            onToggle={() => change({ schedule: open === schedule.id ? "" : schedule.id })}
            onUnschedule={() => onUnschedule(schedule.id)}
            onChanged={onChanged}
          />
        ))}
      </section>
      <Month schedules={schedules} past={past} />
      {ended.length > 0 && (
        <section class="ended" aria-label="Ended schedules">
          <h2>Ended</h2>
          {ended.map(([id, runs]) => (
            <details key={id} class="card" open={open === id}>
              <summary>
                <code>{id}</code> <span class="muted">{counted(runs.length, "run")}</span>
              </summary>
              <PastRuns tasks={runs} />
            </details>
          ))}
        </section>
      )}
    </>
  );
}

function Month({ schedules, past }: Omit<ShownProps, "onUnschedule" | "onChanged">) {
  const [place, change] = usePlace();
  const zone = isTimeZone(place.get("zone") ?? "") ? place.get("zone")! : OWN_ZONE;
  const today = dayIn(now.value, zone);
  const month = /^\d{4}-(?:0[1-9]|1[0-2])$/.exec(place.get("month") ?? "")?.[0] ?? today.slice(0, 7);
  const day = /^\d{4}-\d{2}-\d{2}$/.exec(place.get("day") ?? "")?.[0];
  const runs = runsByDay(schedules, past, zone);
  const zones = [
    ...new Set([OWN_ZONE, zone, "UTC", ...schedules.flatMap(({ recurring }) => recurring?.timezone ?? [])]),
  ];
  const hrefOf = (schedule_id: string) => {
    const search = new URLSearchParams(place);
    search.set("schedule", schedule_id);
    return `/schedules?${search}`;
  };
  const unfinished = toldInPart(schedules, month, zone);
  return (
    <section class="card month" aria-label="Calendar">
      <Calendar
        month={month}
        day={day}
        schedule={place.get("schedule") ?? undefined}
        runs={runs}
        zone={zone}
        hrefOf={hrefOf}
        onMonth={(month) => change({ month: month === today.slice(0, 7) ? "" : month })}
        onDay={(day) => change({ day, month: day.startsWith(today.slice(0, 7)) ? "" : day.slice(0, 7) })}
      />
      <div class="month-side">
        <label class="month-zone">
          <span>Days and hours in</span>
          <select
            value={zone}
            onChange={({ currentTarget }) => change({ zone: zoneInPlace(currentTarget.value) })}
          >
            {zones.map((name) => (
              <option key={name} value={name}>{name}{name === OWN_ZONE ? " (here)" : ""}</option>
            ))}
          </select>
        </label>
        <DayRuns day={day ?? today} runs={runs.get(day ?? today) ?? []} zone={zone} hrefOf={hrefOf} />
        {unfinished.length > 0 && (
          <p class="muted">
            Only the next {UPCOMING} runs of {unfinished.map(({ id }) => id).join(", ")}{" "}
            are shown here. More will follow.
          </p>
        )}
      </div>
    </section>
  );
}

function zoneInPlace(zone: string): string {
  return zone === OWN_ZONE ? "" : zone;
}
