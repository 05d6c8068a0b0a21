/** The form as a message, or the problems that prevent one. The API checks everything else. */
import { isoTime } from "../../../clock/clock.ts";
import { checkOfText } from "../../../domain/check_text.ts";
import { describedBy, isTooLong } from "../../../domain/description.ts";
import type { NewTask } from "../../../domain/task.ts";
import { isTimeZone } from "../../../domain/time_zones.ts";
import { type Draft, NO_CHECKS } from "./draft.ts";
import type { FilesToSend } from "../../data/files_to_send.ts";
import { firstRun } from "./first_run.ts";
import type { Problem } from "./problems.ts";
import { spanOf } from "./span.ts";

export interface Message {
  type: "start_task" | "schedule_task";
  task: NewTask & { scheduled_time: string };
}

/** `project`: the name that its metadata get; empty: none. */
export function messageOf(
  draft: Draft,
  { id, project, files }: { id: string; project: string; files: Pick<FilesToSend, "ids" | "problem"> },
): Message | Problem[] {
  const problems: Problem[] = [];
  const refuse = (field: string, message: string) => void problems.push({ field, message });
  const task = {
    ...given({ id, description: descriptionOf(draft) }),
    type: draft.type,
    priority: draft.priority,
    ...given({
      files_pattern: draft.files_pattern,
      dependencies: draft.dependencies,
      timeout: timeoutOf(draft, refuse),
      metadata: metadataOf(draft, project, refuse),
      execution: withChecks(
        draft,
        given({ ...executionOf(draft, refuse), attachments: attachmentsOf(files, refuse) }),
      ),
    }),
    ...ruleOf(draft, refuse),
  };
  if (problems.length > 0) return problems;
  // A wrong type, such as a word instead of a number, is refused by the API at its field.
  return { type: draft.when === "now" ? "start_task" : "schedule_task", task: task as Message["task"] };
}

/** Leaves out empty fields. */
function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value)));
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The typed number, or else the text, which the API then refuses. */
function numberOf(text: string): number | string {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text.trim() : value;
}

function descriptionOf({ description, prompt }: Draft): string {
  if (prompt !== "" || !isTooLong(description)) return description.trim();
  return describedBy(description).description;
}

type Refuse = (field: string, message: string) => void;

function timeoutOf({ timeout }: Draft, refuse: Refuse): number | undefined {
  if (timeout.trim() === "") return undefined;
  const ms = spanOf(timeout.trim());
  if (ms === undefined) {
    refuse("task.timeout", "Write a duration with its unit, such as 90 s, 30 min or 1 h 30 min.");
  }
  return ms;
}

function metadataOf({ tags, metadata }: Draft, project: string, refuse: Refuse): Record<string, unknown> {
  const list = tags.split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
  const rest = metadata.trim() === "" ? {} : parsed(metadata);
  if (typeof rest === "string") refuse("task.metadata", `This is not valid JSON: ${rest}`);
  else if (typeof rest !== "object" || rest === null || Array.isArray(rest)) {
    refuse("task.metadata", 'Write a JSON object, such as {"owner": "ana"}.');
  } else return { ...rest, ...given({ project, tags: list }) };
  return {};
}

/** The value, or why the text is not valid JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    return (error as Error).message;
  }
}

function executionOf(draft: Draft, refuse: Refuse): Record<string, unknown> {
  const env: Record<string, string> = {};
  for (const { name, value } of draft.env) {
    if (name === "" && value === "") continue;
    if (name === "") refuse("task.execution.env", `The value '${value}' has no name.`);
    else if (Object.hasOwn(env, name)) refuse("task.execution.env", `'${name}' appears twice.`);
    else env[name] = value;
  }
  const isSplit = draft.prompt === "" && isTooLong(draft.description);
  return given({
    agent: draft.agent.trim(),
    prompt: isSplit ? draft.description : draft.prompt,
    working_dir: draft.working_dir.trim(),
    env,
    model: draft.model.trim(),
    effort: draft.effort.trim(),
    mode: draft.mode.trim(),
    session: draft.session.trim(),
    delegate: draft.delegate === "" ? undefined : draft.delegate === "yes",
    mcp_servers: mcpServersOf(draft, refuse),
    isolation: draft.isolation,
    ...draft.dependencies.length > 0 && { after: draft.after, inherit: draft.inherit },
    base: draft.base.trim(),
    permissions: draft.permissions,
    max_attempts: numberOf(draft.max_attempts),
    priority_boost: numberOf(draft.priority_boost),
    check_rounds: numberOf(draft.check_rounds),
  });
}

/** An empty list says something: no checks. */
function withChecks({ checks }: Draft, execution: Record<string, unknown>): Record<string, unknown> {
  if (checks.trim() === "") return execution;
  const lines = checks.trim() === NO_CHECKS ? [] : checks.split("\n");
  return { ...execution, checks: lines.map(checkOfText).filter((check) => check !== undefined) };
}

/** What the servers say is checked by the API. */
function mcpServersOf({ mcp_servers }: Draft, refuse: Refuse): unknown {
  if (mcp_servers.trim() === "") return undefined;
  const list = parsed(mcp_servers);
  if (Array.isArray(list)) return list;
  const field = "task.execution.mcp_servers";
  if (typeof list === "string") refuse(field, `This is not valid JSON: ${list}`);
  else refuse(field, 'Write a list in JSON, such as [{"name": "docs", "url": "https://docs.example/mcp"}].');
}

/** A file that has not arrived, or could not be sent, must not be left out silently. */
function attachmentsOf({ ids, problem }: Pick<FilesToSend, "ids" | "problem">, refuse: Refuse): string[] {
  if (problem !== undefined) refuse("task.execution.attachments", problem);
  return ids;
}

function ruleOf(draft: Draft, refuse: Refuse): Record<string, unknown> {
  if (draft.when === "now") return {};
  const { when, at, zone, interval, cron, end, max_runs, pause_after, allow_overlap } = draft;
  if (when === "once" && !isTimeZone(zone)) {
    refuse("task.recurring.timezone", `There is no time zone '${zone}'.`);
  }
  const time = (wall: string) => {
    const at_ms = firstRun({ at: wall, zone });
    return Number.isNaN(at_ms) ? "" : isoTime(at_ms);
  };
  if (when === "once") return given({ scheduled_time: time(at) });
  const recurring = {
    interval,
    cron: interval === "cron" ? cron.trim() : undefined,
    ...given({
      end_time: time(end),
      max_runs: numberOf(max_runs),
      pause_after_failures: numberOf(pause_after),
      timezone: zone.trim(),
    }),
    allow_overlap: allow_overlap || undefined,
  };
  return { ...given({ scheduled_time: time(at) }), recurring };
}
