/** The draft of a task. It survives leaving the page and losing the connection, until it is sent or cleared. */
import { computed, signal } from "@preact/signals";
import { epochOf, systemClock } from "../../../clock/clock.ts";
import type {
  After,
  Inherit,
  Isolation,
  NewTask,
  PermissionPolicy,
  Priority,
  RecurringConfig,
  Task,
  TaskType,
} from "../../../domain/task.ts";
import type { Checks } from "../../../domain/check.ts";
import { checkText } from "../../../domain/check_text.ts";
import type { McpServers } from "../../../domain/mcp_server.ts";
import { chosenAgent } from "../../data/known_agents.ts";
import { chosenProject, configuredProjects } from "../../data/projects.ts";
import { taskOf } from "../../data/tasks.ts";
import { localTime } from "../../../domain/time_zones.ts";
import { OWN_ZONE } from "../../ui/zone.ts";
import { spanText } from "./span.ts";
import { suggestedId } from "./suggested_id.ts";

export type When = "now" | "once" | "again";

/** The fields as typed. Empty ones are not sent. */
export interface Draft {
  description: string;
  type: TaskType;
  priority: Priority;
  /** Undefined: the one that the pages are narrowed to. Empty: none. */
  project: string | undefined;
  agent: string;
  working_dir: string;
  when: When;
  /** The local time in `zone`, such as `2026-03-29T02:30`. */
  at: string;
  zone: string;
  interval: RecurringConfig["interval"];
  cron: string;
  end: string;
  max_runs: string;
  pause_after: string;
  allow_overlap: boolean;
  /** Undefined: the suggested id. */
  id: string | undefined;
  prompt: string;
  model: string;
  effort: string;
  mode: string;
  session: string;
  delegate: "" | "yes" | "no";
  /** A list in JSON. */
  mcp_servers: string;
  /** One a line; `NO_CHECKS`: none. Empty: the project's. */
  checks: string;
  check_rounds: string;
  files_pattern: string;
  dependencies: readonly string[];
  /** When a dependency counts as done. Empty: when its task is completed. */
  after: "" | Exclude<After, "completed">;
  /** What the task takes over from its dependencies. Empty: their changes. */
  inherit: "" | Exclude<Inherit, "changes">;
  timeout: string;
  permissions: "" | PermissionPolicy;
  isolation: "" | Isolation;
  /** Where the worktree starts: a branch, tag or commit. */
  base: string;
  max_attempts: string;
  priority_boost: string;
  env: readonly { name: string; value: string }[];
  tags: string;
  metadata: string;
}

const EMPTY: Draft = {
  description: "",
  type: "feature",
  priority: "medium",
  project: undefined,
  agent: "",
  working_dir: "",
  when: "now",
  at: "",
  zone: OWN_ZONE,
  interval: "daily",
  cron: "",
  end: "",
  max_runs: "",
  pause_after: "",
  allow_overlap: false,
  id: undefined,
  prompt: "",
  model: "",
  effort: "",
  mode: "",
  session: "",
  delegate: "",
  mcp_servers: "",
  checks: "",
  check_rounds: "",
  files_pattern: "",
  dependencies: [],
  after: "",
  inherit: "",
  timeout: "",
  permissions: "",
  isolation: "",
  base: "",
  max_attempts: "",
  priority_boost: "",
  env: [],
  tags: "",
  metadata: "",
};

export const draft = signal<Draft>(EMPTY);

/** The task that the form changes; undefined while it is for a new one. */
export const edited = signal<Task | undefined>(undefined);

/** Fills the form with a task that has not begun. The result brings back the draft of a new one. */
export function edit(task: Task): () => void {
  const before = draft.peek();
  draft.value = draftOfEdited(task);
  edited.value = task;
  return () => {
    draft.value = before;
    edited.value = undefined;
  };
}

/** Unlike a copy, it has everything, hidden values as they are shown. */
export function draftOfEdited(task: Task): Draft {
  const { scheduled_time, execution: { session = "", mcp_servers = [] } = {} } = task;
  return {
    ...draftOf(task, scheduled_time === undefined ? {} : { scheduled_time }),
    id: task.id,
    session,
    mcp_servers: mcp_servers.length === 0 ? "" : JSON.stringify(mcp_servers, null, 2),
  };
}

export function change(changes: Partial<Draft>): void {
  draft.value = { ...draft.value, ...changes };
}

export function clearDraft(): void {
  draft.value = EMPTY;
}

export const isEmpty = computed(() => draft.value === EMPTY);

/** The id that is sent. */
export const idOf = computed(() =>
  draft.value.id ?? suggestedId(draft.value.description, (id) => taskOf(id) !== undefined)
);

/** The project that the task will name; empty: none. */
export const chosenFor = computed(() => draft.value.project ?? chosenProject.value);

/** Its settings, if it is one of the configuration: they count where the form says nothing. */
export const projectFor = computed(() =>
  configuredProjects.value.find(({ name }) => name === chosenFor.value)
);

/** The agent that the task gets, as far as that is known. */
export const agentChosen = computed(() => {
  const { agent, type } = draft.value;
  return chosenAgent(agent.trim() || projectFor.value?.agent || "", type);
});

const HOUR_MS = 3_600_000;

/** Sets when the task runs. The default time is the next full hour that is at least 15 minutes away. */
export function chooseWhen(when: When): void {
  const { at, zone } = draft.value;
  if (when === "now" || at !== "") return change({ when });
  const soon = Math.ceil(systemClock.now() / HOUR_MS + .25) * HOUR_MS;
  change({ when, at: localTime(soon, zone).slice(0, 16) });
}

/** Whether any field outside the short form is set. */
export function hasMore(draft: Draft): boolean {
  const { id, prompt, files_pattern, dependencies, timeout, isolation, base } = draft;
  const {
    after,
    inherit,
    max_attempts,
    priority_boost,
    env,
    tags,
    metadata,
    session,
    delegate,
    mcp_servers,
    checks,
    check_rounds,
  } = draft;
  return dependencies.length > 0 || env.length > 0 || id !== undefined ||
    [
      prompt,
      base,
      after,
      inherit,
      session,
      delegate,
      mcp_servers,
      checks,
      check_rounds,
      files_pattern,
      timeout,
      isolation,
      max_attempts,
      priority_boost,
      tags,
      metadata,
    ]
      .some((value) => value !== "");
}

/** A form that makes a copy under another id. A schedule's rule is copied, too. */
export function draftOf(
  { description, type, priority, files_pattern, dependencies = [], timeout, metadata, execution = {} }:
    NewTask,
  rule: { scheduled_time?: string; recurring?: RecurringConfig | undefined } = {},
): Draft {
  const { tags, project = "", ...rest } = metadata ?? {};
  const text = (value: unknown) => value === undefined ? "" : String(value);
  return {
    ...EMPTY,
    description,
    type,
    priority,
    project,
    agent: text(execution.agent),
    working_dir: text(execution.working_dir),
    prompt: text(execution.prompt),
    model: text(execution.model),
    effort: text(execution.effort),
    mode: text(execution.mode),
    delegate: execution.delegate === undefined ? "" : execution.delegate ? "yes" : "no",
    mcp_servers: mcpText(execution.mcp_servers),
    checks: checksText(execution.checks),
    check_rounds: text(execution.check_rounds),
    files_pattern: text(files_pattern),
    dependencies,
    after: execution.after === "accepted" ? "accepted" : "",
    inherit: execution.inherit === undefined || execution.inherit === "changes" ? "" : execution.inherit,
    timeout: timeout === undefined ? "" : spanText(timeout),
    permissions: execution.permissions ?? "",
    isolation: execution.isolation ?? "",
    base: text(execution.base),
    max_attempts: text(execution.max_attempts),
    priority_boost: text(execution.priority_boost),
    env: Object.entries(execution.env ?? {}).map(([name, value]) => ({ name, value })),
    tags: tags?.join(", ") ?? "",
    metadata: Object.keys(rest).length === 0 ? "" : JSON.stringify(rest, null, 2),
    ...ruleOf(rule),
  };
}

/** Values that are not shown are stars, which a task keeps and a copy is asked for. */
function mcpText(servers: McpServers = []): string {
  return servers.length === 0 ? "" : JSON.stringify(servers, null, 2);
}

/** Instead of a list of checks. */
export const NO_CHECKS = "none";

function checksText(checks: Checks | undefined): string {
  return checks?.length === 0 ? NO_CHECKS : checks?.map(checkText).join("\n") ?? "";
}

function ruleOf(
  { scheduled_time, recurring }: { scheduled_time?: string; recurring?: RecurringConfig | undefined },
): Partial<Draft> {
  if (scheduled_time === undefined) return {};
  const zone = recurring ? recurring.timezone ?? "UTC" : OWN_ZONE;
  const wall = (iso: string) => localTime(epochOf(iso), zone).slice(0, 16);
  const at = wall(scheduled_time);
  if (!recurring) return { when: "once", at, zone };
  return {
    when: "again",
    at,
    zone,
    interval: recurring.interval,
    cron: recurring.cron ?? "",
    end: recurring.end_time === undefined ? "" : wall(recurring.end_time),
    max_runs: recurring.max_runs === undefined ? "" : String(recurring.max_runs),
    pause_after: recurring.pause_after_failures ? String(recurring.pause_after_failures) : "",
    allow_overlap: recurring.allow_overlap ?? false,
  };
}
