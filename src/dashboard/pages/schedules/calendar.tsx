/** A month of past and upcoming runs. The arrow keys move from day to day. */
import { ChevronLeft, ChevronRight } from "lucide-preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { now } from "../../ui/time.tsx";
import { clockTime, dayIn } from "../../ui/zone.ts";
import { STATUS_NAMES } from "../../ui/status.tsx";
import { addDays, addMonths, dayInMonth, dayName, monthName, weekday, WEEKDAYS, weeksOf } from "./month.ts";
import { counted } from "../../../protocol/formats.ts";
import type { Run } from "./runs.ts";
import "./calendar.css";

const SHOWN_MAX = 3;

export interface CalendarProps {
  month: string;
  day: string | undefined;
  /** The schedule whose runs are highlighted, if any. */
  schedule: string | undefined;
  runs: ReadonlyMap<string, readonly Run[]>;
  zone: string;
  onMonth: (month: string) => void;
  onDay: (day: string) => void;
  hrefOf: (schedule_id: string) => string;
}

export function Calendar({ month, day, schedule, runs, zone, onMonth, onDay, hrefOf }: CalendarProps) {
  const today = dayIn(now.value, zone);
  const grid = useRef<HTMLTableElement>(null);
  const [walked, setWalked] = useState<string>();
  const fallback = today.startsWith(month) ? today : `${month}-01`;
  const candidate = walked ?? day ?? fallback;
  const at = candidate.startsWith(month) ? candidate : fallback;
  const isWalking = useRef(false);
  useLayoutEffect(() => {
    if (isWalking.current) grid.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus();
    isWalking.current = false;
  }, [at, month]);

  const walk = (to: string) => {
    isWalking.current = true;
    setWalked(to);
    if (!to.startsWith(month)) onMonth(to.slice(0, 7));
  };
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, () => string> = {
      ArrowLeft: () => addDays(at, -1),
      ArrowRight: () => addDays(at, 1),
      ArrowUp: () => addDays(at, -7),
      ArrowDown: () => addDays(at, 7),
      Home: () => addDays(at, -weekday(at)),
      End: () => addDays(at, 6 - weekday(at)),
      PageUp: () => dayInMonth(at, addMonths(month, -1)),
      PageDown: () => dayInMonth(at, addMonths(month, 1)),
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    walk(step());
  };
  return (
    <div class="calendar">
      <div class="calendar-head">
        <h2 id="calendar-month" aria-live="polite">{monthName(month)}</h2>
        <div class="buttons">
          <button type="button" onClick={() => onMonth(today.slice(0, 7))}>Today</button>
          <button
            type="button"
            class="icon-button"
            aria-label="Previous month"
            onClick={() => onMonth(addMonths(month, -1))}
          >
            <ChevronLeft size={18} aria-hidden="true" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Next month"
            onClick={() => onMonth(addMonths(month, 1))}
          >
            <ChevronRight size={18} aria-hidden="true" />
          </button>
        </div>
      </div>
      <table ref={grid} role="grid" aria-labelledby="calendar-month" onKeyDown={press}>
        <thead>
          <tr>
            {WEEKDAYS.map(({ short, long }) => <th key={long} scope="col" abbr={long}>{short}</th>)}
          </tr>
        </thead>
        <tbody>
          {weeksOf(month).map((week) => (
            <tr key={week[0]}>
              {week.map((date) => (
                <Day
                  key={date}
                  date={date}
                  isOther={!date.startsWith(month)}
                  isToday={date === today}
                  isChosen={date === day}
                  isReached={date === at}
                  runs={runs.get(date) ?? []}
                  schedule={schedule}
                  zone={zone}
                  hrefOf={hrefOf}
                  onChoose={() => {
                    setWalked(date);
                    onDay(date);
                  }}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface DayProps {
  date: string;
  isOther: boolean;
  isToday: boolean;
  isChosen: boolean;
  isReached: boolean;
  runs: readonly Run[];
  schedule: string | undefined;
  zone: string;
  hrefOf: (schedule_id: string) => string;
  onChoose: () => void;
}

function Day(
  { date, isOther, isToday, isChosen, isReached, runs, schedule, zone, hrefOf, onChoose }: DayProps,
) {
  const more = runs.length - SHOWN_MAX;
  return (
    <td
      role="gridcell"
      aria-selected={isChosen}
      class={[isOther && "is-other", isToday && "is-today", isChosen && "is-chosen"].filter(Boolean).join(
        " ",
      )}
    >
      <button
        type="button"
        class="calendar-day"
        data-day={date}
        tabIndex={isReached ? 0 : -1}
        aria-label={`${dayName(date)}: ${inWords(runs)}`}
        aria-current={isToday ? "date" : undefined}
        onClick={onChoose}
      >
        {Number(date.slice(8))}
      </button>
      <div class="calendar-runs">
        {runs.slice(0, SHOWN_MAX).map((run) => (
          <RunMark
            key={`${run.schedule_id} ${run.at_ms}`}
            run={run}
            zone={zone}
            href={run.task ? `/tasks/${run.task.id}` : hrefOf(run.schedule_id)}
            isDimmed={schedule !== undefined && run.schedule_id !== schedule}
          />
        ))}
        {more > 0 && <span class="calendar-more" aria-hidden="true">+{more} more</span>}
      </div>
    </td>
  );
}

/** Links to the run's task or its schedule. Keyboard users find the same links below the month. */
function RunMark({ run, zone, href, isDimmed }: { run: Run; zone: string; href: string; isDimmed: boolean }) {
  const { task, schedule_id, at_ms } = run;
  const status = task ? `status-${task.status}` : "is-upcoming";
  return (
    <Link
      class={`calendar-run ${status}${isDimmed ? " is-dimmed" : ""}`}
      href={href}
      tabIndex={-1}
      title={`${schedule_id} at ${clockTime(at_ms, zone)}: ${task ? STATUS_NAMES[task.status] : "to come"}`}
    >
      <time>{clockTime(at_ms, zone)}</time> <span>{schedule_id}</span>
    </Link>
  );
}

function inWords(runs: readonly Run[]): string {
  if (runs.length === 0) return "no runs";
  const done = runs.filter(({ task }) => task).length;
  const parts = [];
  if (done > 0) parts.push(`${counted(done, "run")} made`);
  if (runs.length > done) parts.push(`${runs.length - done} to come`);
  return parts.join(", ");
}
