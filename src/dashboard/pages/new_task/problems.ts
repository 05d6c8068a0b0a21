/** The form's problems, each at its field. */
import { signal } from "@preact/signals";
import { systemClock } from "../../../clock/clock.ts";
import { ApiError, ERRORS } from "../../../domain/errors.ts";

export interface Problem {
  /** One of `FIELDS`; undefined for a problem that concerns none of them. */
  field: string | undefined;
  message: string;
  code?: string;
  /** Suggested values. */
  suggestions?: readonly string[];
  /** When to try again, in milliseconds since the epoch. */
  again_at?: number;
}

/** The fields of the form as errors name them, in the order of the page. */
export const FIELDS = {
  "task.description": "What to do",
  "task.execution.attachments": "Attachments",
  "task.metadata.project": "Project",
  "task.execution.agent": "Agent",
  "task.execution.working_dir": "Folder",
  "task.execution.model": "Model",
  "task.execution.effort": "Effort",
  "task.execution.mode": "Mode",
  "task.execution.permissions": "Permission requests",
  "task.type": "Type",
  "task.priority": "Priority",
  "task.scheduled_time": "First run",
  "task.recurring.interval": "Every",
  "task.recurring.cron": "Cron expression",
  "task.recurring.timezone": "Time zone",
  "task.recurring.end_time": "Until",
  "task.recurring.max_runs": "Maximum runs",
  "task.recurring.pause_after_failures": "Pause after failures",
  "task.recurring.allow_overlap": "Overlap",
  "task.id": "Id",
  "task.timeout": "Timeout",
  "task.execution.prompt": "Prompt",
  "task.dependencies": "Waits for",
  "task.execution.after": "A dependency is done",
  "task.execution.inherit": "Taken over from them",
  "task.files_pattern": "Files",
  "task.execution.isolation": "Isolation",
  "task.execution.base": "Starts from",
  "task.execution.delegate": "Delegation",
  "task.execution.max_attempts": "Attempts",
  "task.execution.priority_boost": "Boost",
  "task.execution.checks": "Checks",
  "task.execution.check_rounds": "Rounds of checks",
  "task.metadata.tags": "Tags",
  "task.execution.session": "Go on with a session",
  "task.execution.mcp_servers": "MCP servers",
  "task.execution.env": "Environment",
  "task.metadata": "Metadata",
} as const;
export type Field = keyof typeof FIELDS;

const ORDER = Object.keys(FIELDS);

export const problems = signal<readonly Problem[]>([]);

export function nameOf(field: string | undefined): string | undefined {
  return FIELDS[field as Field];
}

/** The DOM id of a field. */
export function elementId(field: string): string {
  return `new-${field.replaceAll(".", "-")}`;
}

export function show(all: readonly Problem[]): void {
  const rank = ({ field }: Problem) => field === undefined ? -1 : ORDER.indexOf(field);
  problems.value = [...all].sort((a, b) => rank(a) - rank(b));
}

/** Drops the problems of a field that is being edited. */
export function mended(field: string): void {
  if (problems.value.some((problem) => problem.field === field)) {
    problems.value = problems.value.filter((problem) => problem.field !== field);
  }
}

/** `task.metadata.tags[1]` belongs to `task.metadata.tags`; other parts of `task.metadata` belong to that. */
function fieldOf(named: unknown): string | undefined {
  if (typeof named !== "string") return undefined;
  // In the message that changes a task, its fields are named so.
  const path = named.replace(/^changes\./, "task.");
  const holds = (field: string) =>
    path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
  return ORDER.filter(holds).sort((a, b) => b.length - a.length)[0] ??
    (path.startsWith("task.recurring") ? "task.recurring.interval" : undefined);
}

/** Errors that concern a field without naming it. */
const ABOUT: Record<string, Field> = {
  TASK_ALREADY_EXISTS: "task.id",
  TASK_DEPENDENCY_ERROR: "task.dependencies",
};

const SUGGESTED = 5;

interface Told {
  code: string;
  message: string;
  details: Record<string, unknown>;
}

/** The API's error as problems, with each of `details.errors` at its field. */
export function problemsIn(error: unknown): Problem[] {
  if (!(error instanceof ApiError)) {
    return [{ field: undefined, message: error instanceof Error ? error.message : String(error) }];
  }
  const { code, message, details } = error;
  const others = Array.isArray(details.errors) ? details.errors as (Told & Record<string, unknown>)[] : [];
  return [
    ...problemsOf({ code, message, details }),
    ...others.flatMap(({ code, message, ...details }) => problemsOf({ code, message, details })),
  ];
}

function problemsOf({ code, message, details }: Told): Problem[] {
  if (code === "INVALID_TASK_DATA" && Array.isArray(details.fields)) {
    return details.fields.map((name) => ({
      field: fieldOf(`task.${name}`),
      code,
      message: "This field is required.",
    }));
  }
  if (code === "CONNECTION_LOST") return [{ field: undefined, code, message: lostMessage(details) }];
  const field = fieldOf(details.field) ?? ABOUT[code];
  const problem: Problem = { field, code, message, suggestions: suggestionsOf(code, field, details) };
  if (code === "RATE_LIMIT_EXCEEDED") {
    problem.again_at = systemClock.now() + 1000 * (Number(details.retry_after_seconds ?? 1) || 1);
  } else if (field === undefined && Object.hasOwn(ERRORS, code)) {
    problem.message = `${message}. ${ERRORS[code as keyof typeof ERRORS].when}`.replace("..", ".");
  }
  return [problem];
}

/** Safe because of the id: a second task with the same id is refused. */
function lostMessage({ sent }: Record<string, unknown>): string {
  return sent === true
    ? "The connection was lost before the answer arrived, so the task may already exist. Sending it again cannot start it twice."
    : "There was no connection, and nothing was sent. What you wrote is still here.";
}

function suggestionsOf(code: string, field: string | undefined, details: Record<string, unknown>): string[] {
  const strings = (value: unknown) =>
    Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
  const named = strings([details.suggestion]);
  if (field === "task.execution.agent") {
    return [...new Set([...named, ...strings(details.expected)])].slice(0, SUGGESTED);
  }
  if (field === "task.execution.working_dir") return strings(details.allowed_dirs);
  if (code === "TASK_DEPENDENCY_ERROR") return strings(details.available_tasks).slice(0, SUGGESTED);
  return named;
}
