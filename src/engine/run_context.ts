/** The dependencies that all attempts share. */
import type { Clock } from "../clock/clock.ts";
import type { ClientPem } from "../domain/agent_access.ts";
import type { Argv } from "../domain/argv.ts";
import type { ConcurrencyKey } from "../domain/concurrency_key.ts";
import type { RunCheck } from "../domain/check.ts";
import type { AgentConfig } from "../domain/agent_config.ts";
import type { AgentRunner } from "../domain/agent_runner.ts";
import type { Workspaces } from "../domain/task_workspaces.ts";
import type { Project } from "../domain/project.ts";
import type { Pricing } from "../domain/pricing.ts";
import type { PermissionRule } from "../domain/permission_rule.ts";
import type { PermissionPolicy, TimeoutAction } from "../domain/task.ts";
import type { RetryPolicy } from "../domain/attempt/task_transitions.ts";
import type { LimitAction, RetryByKind } from "../domain/retrying.ts";
import type { Sandboxes } from "../host/sandbox/sandboxes.ts";
import type { Store } from "../store/open.ts";
import type { AgentDirectory } from "./agent_directory.ts";
import type { AgentHolds } from "./holds/agent_holds.ts";
import type { RememberedAnswers } from "./remembered_answers.ts";
import type { Tenants } from "../domain/tenant.ts";
import type { EventBus } from "./events.ts";
import type { Attachments } from "./attachments.ts";
import type { TaskSettings } from "./projects.ts";
import type { TaskIndex } from "../read/task_index.ts";
import type { RepositoryRoots, WorkingDirs } from "./working_dir.ts";

/** How usage is counted, and what it may come to. */
export interface UsageSettings {
  pricing: Pricing;
  /** The IANA time zone whose days count. */
  timezone: string;
  budget_usd_per_day?: number;
  /** What each tenant may use. Absent: there are none. */
  tenants?: Tenants;
  /** The configured projects by name, without a prototype. */
  projects(): Readonly<Record<string, Pick<Project, "budget_usd_per_day">>>;
}

export interface RunSettings extends RetryPolicy, TaskSettings, UsageSettings {
  /** By name, without a prototype: an agent may be called `constructor`. */
  agents: Readonly<Record<string, AgentConfig>>;
  default_timeout_ms: number;
  permissions: PermissionPolicy;
  /** The rules that come after those of tasks and projects. */
  permission_rules: readonly PermissionRule[];
  /** Whether tasks may name programs to run. */
  client_commands: boolean;
  /** How many tasks that share something run at once. `default_folder`: of tasks that name none, links resolved. */
  concurrency?: { keys: readonly ConcurrencyKey[]; default_folder: string };
  /** The configured checks by name, without a prototype. */
  checks: Readonly<Record<string, Argv>>;
  /** Whether agents get this server's own tools, unless their configuration or the task says otherwise. */
  delegate: boolean;
  /** How long an agent that loads an earlier session may be silent. */
  session_timeout_ms: number;
  permission_timeout_ms: number;
  permission_timeout_action: TimeoutAction;
  /** How long an agent may wait for a person before it is ended, if its session can be loaded. 0: it is not. */
  permission_park_ms: number;
  /** A silent agent is reported after `unresponsive_after_ms` and ended after `unresponsive_limit_ms`. 0: never. */
  unresponsive_after_ms: number;
  unresponsive_limit_ms: number;
  /** What a task does when its agent's provider refuses it for a time, and how long it waits at most. */
  provider_limit: { action?: LimitAction; max_wait_ms: number };
  /** What is configured for kinds of failures. */
  retry: RetryByKind;
}

/** How the agents of tasks reach this server. */
export interface TaskAccess {
  /** `http://HOST:PORT`, once the server listens. */
  readonly url: string;
  /** Of the certificate that the server shows; undefined without TLS. */
  readonly fingerprint: string | undefined;
  /** What a client shows to it; undefined if it admits clients without a certificate. */
  readonly certificate: ClientPem | undefined;
  /** The program that serves MCP on its stdin and stdout, with its arguments. */
  readonly mcp_program: readonly [string, ...string[]];
  /** The variables that it needs to run. No secrets. */
  readonly mcp_env: Readonly<Record<string, string>>;
  /** A token for the agent of this task, until `end` is called. */
  issue(task_id: string, agent: string): { token: string; end(): void };
}

export interface RunContext {
  clock: Clock;
  store: Store;
  index: TaskIndex;
  bus: EventBus;
  runner: AgentRunner;
  /** Told what agents at work offer. */
  directory?: Pick<AgentDirectory, "note">;
  /** Absent: the agents know nothing of this server. */
  access?: TaskAccess;
  working_dirs: WorkingDirs;
  /** The agents whose providers refuse them for a time. */
  holds: AgentHolds;
  /** Answers to permission requests that people want remembered. */
  remembered: Pick<RememberedAnswers, "recall" | "entryFor" | "keep" | "forget">;
  /** Given if agents that speak ACP do not work in the same repository at once. */
  exclusive_folders?: RepositoryRoots;
  workspaces: Workspaces;
  /** Absent: agents that are to run in sandboxes are not started. */
  sandboxes?: Pick<Sandboxes, "require">;
  /** Absent: tasks are not checked. */
  runCheck?: RunCheck;
  /** Absent on a server that keeps no files. */
  attachments?: Pick<Attachments, "claim" | "known" | "of" | "sweep">;
  settings: RunSettings;
  /** How often a task is tried automatically, unless the task sets its own value. */
  max_attempts: number;
}
