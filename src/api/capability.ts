/** The definition of one capability of the API. Each has its own file with one export. */
import type { Clock } from "../clock/clock.ts";
import type { Identity } from "../access/identity.ts";
import type { Actor } from "../domain/actor.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import type { TaskCommands } from "../engine/task_commands.ts";
import type { TaskQueries } from "../engine/task_queries.ts";
import type { AgentMakeView, ConfiguredAgent } from "../protocol/basic_messages.ts";
import type { ErrorCode } from "../domain/errors.ts";
import type { Permission } from "../domain/access_key.ts";
import type { KeyView, NewKey } from "../protocol/auth_messages.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import type { LimitPolicyView, LimitReport } from "../protocol/limit_messages.ts";
import type { LimitUsage, OperationLimit } from "../protocol/limits.ts";
import type { Reply, Request, RequestInput, RequestType } from "../protocol/messages.ts";
import type { Killed, ProcessList } from "../protocol/monitor_messages.ts";
import type { ClaudeProcess, KillSignal } from "../protocol/process.ts";
import type { SystemResources } from "../protocol/resources.ts";
import type { Channel, SubscriptionFilters } from "../protocol/subscription_messages.ts";
import type { Health, Metrics } from "../protocol/system_messages.ts";
import type { LogPlace } from "../store/log_place.ts";
import type { LogStore } from "../store/log_store.ts";

/** The log entries that a follower gets: those that match and were not in its reply. */
export interface FollowFilter {
  matches(entry: LogEntry, place: LogPlace): boolean;
}

/** The limits of the client. `message` and `operation` throw `RATE_LIMIT_EXCEEDED`, and then count nothing. */
export interface SessionLimits {
  /** The client as the limits know it: its address. */
  readonly client: string;
  /** Whether the server refuses so many requests that this slows other clients down. */
  readonly isFlooded: boolean;
  message(): void;
  operation(limit: OperationLimit): void;
  /** The limits that are nearly used up, if a warning is due. */
  warning(): Record<string, LimitUsage> | undefined;
  /** How much of each limit is used. */
  usage(): Record<string, LimitUsage>;
}

/** The caller: a WebSocket connection, or one HTTP request, to which nothing can be pushed. */
export interface Session {
  readonly id: string;
  readonly limits: SessionLimits;
  readonly identity: Identity;
  /** The actor of the caller's identity. */
  readonly actor: Actor;
  /** Changes the caller's identity from now on. */
  identify(identity: Identity): void;
  /** Returns the new subscription's id. Throws `SUBSCRIPTION_ERROR` if nothing can be pushed. */
  subscribe(channels: Channel[], filters: SubscriptionFilters): string;
  follow(filter: FollowFilter): string;
  /** Returns the channels that were ended. Throws `SUBSCRIPTION_ERROR` for an unknown subscription. */
  unsubscribe(channels: Channel[] | undefined, subscription_id: string | undefined): Channel[];
}

/** A message that is part of a batch. */
export interface BatchMember {
  /** Whether the limits on all messages have already counted it. */
  isCounted: boolean;
}

/** The dependencies of all handlers. `boot` creates it once. */
export interface ApiContext {
  clock: Clock;
  commands: TaskCommands;
  queries: TaskQueries;
  scheduler: Scheduler;
  logs: LogStore;
  metrics: {
    note(type: string, duration_ms: number, failed: boolean): void;
    report(time_range: string): Metrics;
  };
  machine: {
    resources(): Promise<SystemResources>;
    processes(
      query: Omit<Request<"request_process_list">, "type">,
    ): Promise<ProcessList & { scan_duration_ms: number }>;
    agents(): Promise<{ processes: ClaudeProcess[]; timestamp: string }>;
    kill(pid: number, signal: KillSignal, by: Actor): Promise<Killed>;
    changed(): void;
  };
  agents: readonly ConfiguredAgent[];
  makes: readonly AgentMakeView[];
  health: { check(): Promise<Health> };
  auth: {
    /** Throws `INVALID_AUTH_TOKEN`. */
    authenticate(
      api_key: string,
      client_ip: string,
    ): Promise<{ session_token: string; identity: Identity }>;
    /** Throws `AUTHENTICATION_REQUIRED` or `PERMISSION_DENIED`. */
    authorise(
      permission: Permission,
      what: string,
      identity: Identity,
      client_ip: string,
    ): void;
  };
  keys: {
    create(key: NewKey, by: Actor): Promise<{ key: KeyView; api_key: string }>;
    list(): KeyView[];
    revoke(id: string, by: Actor): Promise<void>;
  };
  limits: {
    report(query: Omit<Request<"request_rate_limits">, "type">): LimitReport;
    /** `client`: the address of the caller. */
    change(change: Omit<Request<"update_rate_limits">, "type">, by: Actor, client: string): LimitPolicyView;
  };
  /** Carries out another message of the same session; for `batch`. */
  dispatch(message: unknown, session: Session, member: BatchMember): Promise<object> | object;
}

/** The reply without the fields that the router adds to every reply. */
export type Answer<T extends RequestType> = Omit<Reply<T>, "type" | "request_id">;

export interface Capability<T extends RequestType> {
  readonly type: T;
  /** What it does, in one paragraph, for the API reference. */
  readonly doc: string;
  /** The permission that a key needs to use it. "none": no key is needed. */
  readonly permission: Permission | "none";
  /** The limit on requests of its kind, besides those on all messages. */
  readonly limit?: OperationLimit;
  /** The errors that it may answer, besides those that any message may get. */
  readonly errors: readonly ErrorCode[];
  readonly example: RequestInput<T>;
  handle(request: Request<T>, context: ApiContext, session: Session): Answer<T> | Promise<Answer<T>>;
}

/** Gives a capability its type. */
export function capability<T extends RequestType>(definition: Capability<T>): Capability<T> {
  return definition;
}
