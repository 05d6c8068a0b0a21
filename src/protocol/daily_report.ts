/** The report of a day as Markdown: what was done, what waits and until when, who is needed, what failed and why, the cost. */
import { epochOf, isoTime } from "../clock/clock.ts";
import { needsOf } from "../domain/needs.ts";
import type { Task } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";
import { counted } from "./formats.ts";
import { waitingWords } from "./waiting_words.ts";

const DAY_MS = 86_400_000;
/** How many tasks each part names. */
const NAMED_MAX = 50;
const TEXT_MAX = 160;

/** Whether the report of this moment is about the task: it is not finished, has ended within a day, or needs somebody. */
export function isReported(task: Task, now_ms: number): boolean {
  if (task.archived) return false;
  return !isFinished(task.status) || endedWithinDay(task, now_ms) || needsOf(task).length > 0;
}

function endedWithinDay({ completed_at }: Task, now_ms: number): boolean {
  return completed_at !== undefined && epochOf(completed_at) > now_ms - DAY_MS;
}

/** The report of this moment, of one project or of all. `all`: gives the tasks for which its argument holds. */
export function reportOf(
  all: (isWanted: (task: Task) => boolean) => readonly Task[],
  now_ms: number,
  project: string | undefined,
): string {
  const isOf = (task: Task) => project === undefined || task.project === project;
  return dailyReport(all((task) => isReported(task, now_ms) && isOf(task)), now_ms);
}

/** `tasks`: those that `isReported` names. */
export function dailyReport(tasks: readonly Task[], now_ms: number): string {
  const lines = [`# Report of ${time(isoTime(now_ms))}`, "", "The last 24 hours. Times are in UTC.", ""];
  if (tasks.length === 0) return [...lines, "Nothing was done, and nothing waits.", ""].join("\n");
  for (const [project, own] of byProject(tasks)) {
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
        ({ error }) => error ?? "for an unknown reason",
      ],
      ["Done", ended.filter(({ status }) => status === "completed"), cost],
      [
        "At work",
        own.filter(({ status }) => status === "running"),
        ({ progress_details }) => progress_details?.current_step ?? "",
      ],
      ["Waiting", own.filter(({ status }) => !isFinished(status) && status !== "running"), waits],
      ["Cancelled", ended.filter(({ status }) => status === "cancelled"), () => ""],
    ];
    for (const [title, some, fact] of parts) lines.push(...part(title, some, fact));
    lines.push(`Cost of these tasks: ${sum(own)}.`, "");
  }
  return lines.join("\n");
}

/** Projects by name; what belongs to none comes last. */
function byProject(tasks: readonly Task[]): [string, Task[]][] {
  const groups = Map.groupBy(tasks, ({ project }) => project ?? "");
  return [...groups].sort(([a], [b]) => a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1);
}

function part(title: string, tasks: readonly Task[], fact: (task: Task) => string): string[] {
  if (tasks.length === 0) return [];
  const more = tasks.length - NAMED_MAX;
  return [
    `### ${title} (${tasks.length})`,
    "",
    ...tasks.slice(0, NAMED_MAX).map((task) => {
      const said = escaped(fact(task));
      return `- \`${task.id}\` ${escaped(task.description)}${said === "" ? "" : `: ${said}`}`;
    }),
    ...more > 0 ? [`- and ${counted(more, "more task")}`] : [],
    "",
  ];
}

function waits({ waiting_for }: Task): string {
  return waiting_for ? `waits for ${waitingWords(waiting_for, time)}` : "";
}

function cost({ usage }: Task): string {
  return usage && usage.cost_source !== "unknown" ? dollars(usage.cost_usd) : "";
}

function sum(tasks: readonly Task[]): string {
  const used = tasks.flatMap(({ usage }) => usage ?? []);
  const whole = dollars(used.reduce((sum, { cost_usd }) => sum + cost_usd, 0));
  const unknown =
    used.filter(({ cost_source }) => cost_source === "unknown" || cost_source === "mixed").length;
  return unknown === 0
    ? whole
    : `${whole}, and ${counted(unknown, "task")} of which the cost is not fully known`;
}

function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** `2026-11-30 07:00`. */
function time(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** Text of others on one line, which Markdown takes as text. */
function escaped(text: string): string {
  const line = [...text.replace(/\s+/g, " ").trim()];
  const cut = line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX).join("")}…` : line.join("");
  return cut.replace(/[\\`*_[\]<>|#~]/g, "\\$&");
}
