/** The report of a day as Markdown: what was done, what waits and until when, who is needed, what failed and why, the cost. */
import { epochOf, isoTime } from "../clock/clock.ts";
import { needsOf } from "../domain/needs.ts";
import { projectName } from "../domain/project_name.ts";
import type { Task } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";
import { localTime } from "../domain/time_zones.ts";
import { costText, counted } from "./formats.ts";
import type { UsageReportRow } from "./usage_messages.ts";
import { waitingWords } from "./waiting_words.ts";

const DAY_MS = 86_400_000;
/** How many tasks each part names. */
const NAMED_MAX = 50;
/** How many projects it names: a label may be anything. */
const PROJECTS_MAX = 100;
const TEXT_MAX = 160;

/** Whether the report of this moment is about the task: it is not finished, has ended within a day, or needs somebody. */
export function isReported(task: Task, now_ms: number): boolean {
  if (task.archived) return false;
  return !isFinished(task.status) || endedWithinDay(task, now_ms) || needsOf(task).length > 0;
}

function endedWithinDay({ completed_at }: Task, now_ms: number): boolean {
  return completed_at !== undefined && epochOf(completed_at) > now_ms - DAY_MS;
}

/** What the report says, all of one moment. */
export interface DailyFacts {
  /** Those that `isReported` names. */
  tasks: readonly Task[];
  /** What all tasks have cost, also those that are gone, by project and day: of today and the day before. */
  costs: readonly Cost[];
  today: string;
  now_ms: number;
  /** The zone of the times. */
  timezone: string;
  /** The zone of the days on which costs count. */
  cost_zone: string;
}

type Cost = Pick<UsageReportRow, "project" | "day" | "cost_usd" | "cost_source">;

export function dailyReport({ tasks, costs, today, now_ms, timezone, cost_zone }: DailyFacts): string {
  const time = (iso: string) => localTime(epochOf(iso), timezone).slice(0, 16).replace("T", " ");
  const days = timezone === cost_zone ? "" : ` Costs are those of days in ${cost_zone}.`;
  const lines = [
    `# Report of ${time(isoTime(now_ms))}`,
    "",
    `The last 24 hours. Times are in ${timezone}.${days}`,
    "",
    `Cost: ${costOfDays(costs, today)}.`,
    "",
  ];
  if (tasks.length === 0) return [...lines, "Nothing was done, and nothing waits.", ""].join("\n");
  const projects = byProject(tasks);
  for (const [project, own] of projects.slice(0, PROJECTS_MAX)) {
    lines.push(`## ${project === "" ? "Without a project" : escaped(project)}`, "");
    const ended = own.filter((task) => endedWithinDay(task, now_ms));
    const parts: [string, readonly Task[], (task: Task) => string][] = [
      [
        "Needs you",
        own.filter((task) => needsOf(task).length > 0),
        (task) => needsOf(task).join(", ").replaceAll("_", " "),
      ],
      [
        "Failed",
        ended.filter(({ status }) => status === "failed"),
        ({ error }) => escaped(error ?? "for an unknown reason"),
      ],
      ["Done", ended.filter(({ status }) => status === "completed"), costInAll],
      [
        "At work",
        own.filter(({ status }) => status === "running"),
        ({ progress_details }) => escaped(progress_details?.current_step ?? ""),
      ],
      [
        "Waiting",
        own.filter(({ status }) => !isFinished(status) && status !== "running"),
        ({ waiting_for }) => waiting_for ? escaped(`waits for ${waitingWords(waiting_for, time)}`) : "",
      ],
      ["Cancelled", ended.filter(({ status }) => status === "cancelled"), () => ""],
    ];
    for (const [title, some, fact] of parts) lines.push(...part(title, some, fact));
    if (projects.length > 1) {
      const its = costs.filter((one) => (one.project ?? "") === project);
      lines.push(`Cost: ${costOfDays(its, today)}.`, "");
    }
  }
  const more = projects.slice(PROJECTS_MAX);
  if (more.length > 0) {
    const left = more.reduce((sum, [, own]) => sum + own.length, 0);
    lines.push(`And ${counted(more.length, "more project")} with ${counted(left, "task")}.`, "");
  }
  return lines.join("\n");
}

/** Projects by name; what belongs to none comes last. */
function byProject(tasks: readonly Task[]): [string, Task[]][] {
  const groups = Map.groupBy(tasks, (task) => projectName(task) ?? "");
  return [...groups].sort(([a], [b]) => a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1);
}

/** `fact`: in Markdown. */
function part(title: string, tasks: readonly Task[], fact: (task: Task) => string): string[] {
  if (tasks.length === 0) return [];
  const more = tasks.length - NAMED_MAX;
  return [
    `### ${title} (${tasks.length})`,
    "",
    ...tasks.slice(0, NAMED_MAX).map((task) => {
      const said = fact(task);
      return `- \`${task.id}\` ${escaped(task.description)}${said === "" ? "" : `: ${said}`}`;
    }),
    ...more > 0 ? [`- and ${counted(more, "more task")}`] : [],
    "",
  ];
}

/** A task that began days ago has cost more than what it did within the report's day. */
function costInAll({ usage }: Task): string {
  return usage && usage.cost_source !== "unknown" ? `${costText(usage)} in all` : "";
}

/** `$1.25 on 2030-01-02 so far, $0.40 on 2030-01-01`. */
function costOfDays(costs: readonly Cost[], today: string): string {
  const days = [...Map.groupBy(costs, ({ day = today }) => day)].sort(([a], [b]) => a < b ? 1 : -1);
  if (days.length === 0) return "none";
  return days.map(([day, some]) => {
    const cost_usd = some.reduce((sum, one) => sum + one.cost_usd, 0);
    const sources = new Set(some.map(({ cost_source }) => cost_source));
    const [cost_source = "unknown"] = sources.size === 1 ? sources : ["mixed" as const];
    const cost = cost_source === "unknown" ? "unknown" : costText({ cost_usd, cost_source });
    return `${cost} on ${day}${day === today ? " so far" : ""}`;
  }).join(", ");
}

/** White space, and what neither a page nor a terminal should get: control characters, and those that turn the writing around. */
const BETWEEN = /[\s\p{Cc}\p{Bidi_Control}]+/gu;

/** Text of others on one line, which Markdown takes as text. */
function escaped(text: string): string {
  const line = [...text.replace(BETWEEN, " ").trim()];
  const cut = line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX).join("")}…` : line.join("");
  return cut.replace(/[\\`*_[\]<>|#~]|&(?=#?\w+;)/g, "\\$&");
}
