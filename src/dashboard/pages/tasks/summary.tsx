/** The counts of tasks by status, as filters, and the success rate. */
import { Archive } from "lucide-preact";
import { epochOf } from "../../../clock/clock.ts";
import type { Task, TaskStatus } from "../../../domain/task.ts";
import { needOf } from "../../../domain/needs.ts";
import { agents } from "../../data/machine.ts";
import { tasksTotal, taskSummary } from "../../data/tasks.ts";
import { count, duration, percent } from "../../../protocol/formats.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { STATUS_NAMES, StatusGlyph } from "../../ui/status.tsx";
import { STATUSES } from "./view.ts";
import "./summary.css";

export interface StatusFiltersProps {
  /** All known tasks. */
  tasks: readonly Task[];
  /** Tasks that match all filters except the status. */
  countable: readonly Task[];
  isFiltered: boolean;
  chosen: readonly TaskStatus[];
  choose: (statuses: readonly TaskStatus[]) => void;
  /** Whether only tasks that need a person are shown. */
  needsYou: boolean;
  chooseNeedsYou: (needsYou: boolean) => void;
  /** Whether the archived tasks are shown, and no others. */
  isArchived: boolean;
  chooseArchived: (isArchived: boolean) => void;
}

export function StatusFilters(props: StatusFiltersProps) {
  const {
    tasks,
    countable,
    isFiltered,
    chosen,
    choose,
    needsYou,
    chooseNeedsYou,
    isArchived,
    chooseArchived,
  } = props;
  const needing = countable.filter((task) => needOf(task) !== undefined).length;
  const counts = isFiltered ? countsOf(countable) : allCounts(tasks);
  const total = isFiltered ? countable.length : Math.max(tasks.length, tasksTotal.value);
  const toggle = (status: TaskStatus) =>
    choose(chosen.includes(status) ? chosen.filter((other) => other !== status) : [...chosen, status]);
  return (
    <div class="status-filters" role="group" aria-label="Statuses">
      <button
        type="button"
        class="status-filter"
        aria-pressed={chosen.length === 0 && !needsYou}
        onClick={() => choose([])}
      >
        All <b class="figure">{count(total)}</b>
      </button>
      <button
        type="button"
        class={`status-filter status-needs${needing > 0 ? "" : " is-none"}`}
        aria-pressed={needsYou}
        onClick={() => chooseNeedsYou(!needsYou)}
      >
        <Glyph kind="needs" />
        Needs you <b class="figure">{count(needing)}</b>
      </button>
      {STATUSES.map((status) => (
        <button
          key={status}
          type="button"
          class={`status-filter status-${status}${counts[status] > 0 ? "" : " is-none"}`}
          aria-pressed={chosen.includes(status)}
          onClick={() => toggle(status)}
        >
          <StatusGlyph status={status} />
          {STATUS_NAMES[status]} <b class="figure">{count(counts[status])}</b>
        </button>
      ))}
      <button
        type="button"
        class="status-filter"
        aria-pressed={isArchived}
        onClick={() => chooseArchived(!isArchived)}
      >
        <Archive size={14} aria-hidden="true" /> Archived
      </button>
    </div>
  );
}

/** The success of all tasks, regardless of the filters. */
export function Outcomes({ tasks }: { tasks: readonly Task[] }) {
  const { rate, average_ms } = outcomes(tasks);
  const atWork = agents.value.length;
  return (
    <dl class="outcomes">
      <div title="Agents at work now: each takes one of the server's slots">
        <dt>Slots in use</dt>
        <dd class="figure">{atWork}</dd>
      </div>
      <div title="Completed tasks among those that completed or failed">
        <dt>Success</dt>
        <dd class="figure">{rate === undefined ? "–" : percent(rate)}</dd>
      </div>
      <div title="From start to completion">
        <dt>Average time</dt>
        <dd class="figure">{average_ms === undefined ? "–" : duration(average_ms)}</dd>
      </div>
    </dl>
  );
}

type Counts = Record<TaskStatus, number>;

function countsOf(tasks: readonly Task[]): Counts {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Counts;
  for (const { status } of tasks) counts[status]++;
  return counts;
}

/** Whether this page knows all tasks. Then its own counts are newer than the server's. */
const isAllKnown = (tasks: readonly Task[]) => tasks.length >= tasksTotal.value;

function allCounts(tasks: readonly Task[]): Counts {
  const told = taskSummary.value;
  return told === undefined || isAllKnown(tasks) ? countsOf(tasks) : told;
}

function outcomes(tasks: readonly Task[]): { rate?: number; average_ms?: number } {
  const told = taskSummary.value;
  const { completed, failed } = allCounts(tasks);
  if (completed + failed === 0) return {};
  if (told !== undefined && !isAllKnown(tasks)) {
    return { rate: told.success_rate_percent, average_ms: told.average_completion_time };
  }
  const times = tasks.filter(({ status }) => status === "completed").flatMap(({ started_at, completed_at }) =>
    started_at === undefined || completed_at === undefined
      ? []
      : [Math.max(0, epochOf(completed_at) - epochOf(started_at))]
  );
  const rate = 100 * completed / (completed + failed);
  if (times.length === 0) return { rate };
  return { rate, average_ms: times.reduce((sum, time) => sum + time, 0) / times.length };
}
