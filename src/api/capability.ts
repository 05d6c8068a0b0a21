/** The definition of one capability of the API. Each has its own file with one export. */
import type { Clock } from "../clock/clock.ts";
import type { Auditor } from "../access/auditor.ts";
import type { Authentication } from "../access/authentication.ts";
import type { ClientLimits } from "../access/client_limits.ts";
import type { Identity } from "../access/identity.ts";
import type { Keys } from "../access/keys.ts";
import type { LimitControl } from "../access/limit_control.ts";
import type { Sessions } from "../access/sessions.ts";
import type { Actor } from "../domain/actor.ts";
import type { Acceptance } from "../engine/acceptance.ts";
import type { Discarding } from "../engine/discarding.ts";
import type { PullRequestOpening } from "../engine/pull_requests/opening.ts";
import type { AgentDirectory } from "../engine/agent_directory.ts";
import type { ProjectDirectory } from "../engine/project_directory.ts";
import type { Scheduler } from "../engine/schedules/scheduler.ts";
import type { Hooks } from "../engine/templates/hooks.ts";
import type { Templates } from "../engine/templates/templates.ts";
import type { RememberedAnswers } from "../engine/remembered_answers.ts";
import type { TaskCommands } from "../engine/task_commands.ts";
import type { TaskReviews } from "../engine/task_reviews.ts";
import type { TaskQueries } from "../engine/task_queries.ts";
import type { DailyReport } from "../engine/daily_report.ts";
import type { UsageReports } from "../engine/usage_reports.ts";
import type { WorkspaceUpdate } from "../engine/workspace_update.ts";
import type { Worktrees } from "../engine/worktrees.ts";
import type { HealthMonitor } from "../monitor/health.ts";
import type { Machine } from "../monitor/machine.ts";
import type { RequestMetrics } from "../monitor/request_metrics.ts";
import type { Notifications } from "../notify/notifications.ts";
import type { AgentMakeView } from "../protocol/basic_messages.ts";
import type { ErrorCode } from "../domain/errors.ts";
import type { Permission } from "../domain/access_key.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import type { Deprecation } from "../protocol/deprecations.ts";
import type { OperationLimit } from "../protocol/limits.ts";
import type { Reply, Request, RequestInput, RequestType } from "../protocol/messages.ts";
import type { Channel, SubscriptionFilters } from "../protocol/subscription_messages.ts";
import type { LogPlace } from "../store/log_place.ts";
import type { LogStore } from "../store/log_store.ts";
import type { Scope } from "./scope.ts";
import type { Tenancy } from "./tenancy.ts";
import type { Touches } from "./touches.ts";

/** The log entries that a follower gets: those that match and were not in its reply. */
export interface FollowFilter {
  matches(entry: LogEntry, place: LogPlace): boolean;
}

/** The limits of the client. `message` and `operation` throw `RATE_LIMIT_EXCEEDED`, and then count nothing. */
export type SessionLimits = Pick<
  ClientLimits,
  "client" | "isFlooded" | "message" | "operation" | "warning" | "usage"
>;

/** The caller: a WebSocket connection, or one HTTP request, to which nothing can be pushed. */
export interface Session {
  /** The caller's own session, if this one is about another tenant. */
  readonly original?: Session;
  readonly id: string;
  readonly limits: SessionLimits;
  readonly identity: Identity;
  /** The actor of the caller's identity. */
  readonly actor: Actor;
  /** Those of the deprecations that this caller has not been told of. From now on it has. */
  untold(deprecations: readonly Deprecation[]): readonly Deprecation[];
  /** Changes the caller's identity from now on. */
  identify(identity: Identity): void;
  /**
   * Returns the new subscription's id. `tenant`: the only one whose pushes it gets; absent: those of the caller's own. Throws
   * `SUBSCRIPTION_ERROR` if nothing can be pushed.
   */
  subscribe(channels: Channel[], filters: SubscriptionFilters, tenant?: string): string;
  follow(filter: FollowFilter): string;
  /** Returns the channels that were ended. Throws `SUBSCRIPTION_ERROR` for an unknown subscription. */
  unsubscribe(channels: Channel[] | undefined, subscription_id: string | undefined): Channel[];
}

/** A message that is part of a batch. */
export interface BatchMember {
  /** Whether the limits on all messages have already counted it. */
  isCounted: boolean;
}

/** A message that has been validated and counted, but not carried out. If it was refused, it touches nothing. */
export interface PreparedMessage {
  /** Whether its reply may come after those to later requests. */
  readonly isSlow: boolean;
  /** What it would touch now; undefined for a message that touches more than tasks. */
  touches(): Touches | undefined;
  /** Returns the reply. Never throws or rejects. */
  carryOut(): object | Promise<object>;
}

/** The dependencies of all handlers. `boot` creates it once. */
export interface ApiContext {
  clock: Clock;
  commands: TaskCommands;
  queries: TaskQueries;
  pullRequests: Pick<PullRequestOpening, "create">;
  acceptance: Pick<Acceptance, "accept">;
  discarding: Pick<Discarding, "discard">;
  workspaceUpdate: Pick<WorkspaceUpdate, "update">;
  worktrees: Pick<Worktrees, "list" | "prune">;
  reviews: Pick<TaskReviews, "changes" | "save" | "get" | "review" | "withdraw">;
  scheduler: Scheduler;
  templates: Pick<Templates, "list" | "get" | "taskOf" | "create">;
  hooks: Pick<Hooks, "list" | "replay">;
  logs: LogStore;
  metrics: Pick<RequestMetrics, "note" | "report">;
  machine: Pick<Machine, "resources" | "processes" | "agents" | "kill" | "taskOf" | "changed">;
  agents: Pick<AgentDirectory, "list" | "probe" | "sessions" | "release">;
  projects: Pick<ProjectDirectory, "list">;
  remembered: Pick<RememberedAnswers, "list" | "forget">;
  notifications: Pick<Notifications, "list" | "test">;
  makes: readonly AgentMakeView[];
  health: Pick<HealthMonitor, "check">;
  auth: Pick<Authentication, "authenticate" | "identify" | "authorise" | "allows">;
  usage: Pick<UsageReports, "report">;
  reports: Pick<DailyReport, "markdown">;
  keys: Pick<Keys, "create" | "list" | "revoke" | "rotate">;
  sessions: Pick<Sessions, "list" | "get" | "end">;
  limits: Pick<LimitControl, "report" | "change">;
  /** Absent if no audit log is kept. */
  audit?: Auditor;
  tenancy: Tenancy;
  /** Whether an agent's sandbox is configured, also as `none`. */
  isContained(agent: string): boolean;
  /** Resolves when this server knows all that other servers on the store have committed; absent if it is alone. */
  catchUp?(): Promise<void>;
  /** What a key that is limited to projects sees; undefined for all others. */
  scopeOf(identity: Identity): Scope | undefined;
  /** Prepares another message of the same session; for `batch`. */
  prepare(message: unknown, session: Session, member: BatchMember): PreparedMessage;
}

/** The reply without the fields that the router adds to every reply. */
export type Answer<T extends RequestType> = Omit<Reply<T>, "type" | "request_id">;

export interface Capability<T extends RequestType> {
  readonly type: T;
  /** What it does, in one paragraph, for the API reference. */
  readonly doc: string;
  /** The permission that a key needs to use it. "none": no key is needed. */
  readonly permission: Permission | "none";
  /** Whether it counts itself against the limits on all messages: how depends on who the client turns out to be. */
  readonly countsItself?: boolean;
  /** The limit on requests of its kind, besides those on all messages. */
  readonly limit?: OperationLimit;
  /** The errors that it may answer, besides those that any message may get. */
  readonly errors: readonly ErrorCode[];
  readonly example: RequestInput<T>;
  /** Whether its reply shows those of all tenants the server's own ids: hashes are made of them. */
  readonly showsInnerIds?: boolean;
  /** Whether it may take many seconds. With a `request_id`, the client's later requests do not wait for it. */
  readonly isSlow?: boolean;
  /**
   * The existing tasks that it changes. The agent of a task may send only messages that change nothing and those that have
   * this function, for tasks that its own task has started.
   */
  agentChanges?(request: Request<T>): readonly string[];
  /**
   * The tasks and schedules that it reads and changes, for `batch`. Without this function it is carried out alone: after
   * the members before it have been answered, and before those after it begin.
   */
  touches?(request: Request<T>, context: Pick<ApiContext, "queries">): Touches;
  handle(request: Request<T>, context: ApiContext, session: Session): Answer<T> | Promise<Answer<T>>;
}

/** Gives a capability its type. */
export function capability<T extends RequestType>(definition: Capability<T>): Capability<T> {
  return definition;
}
