/** What a capability of the API consists of. Each has a file of its own, with one export. */
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

/** Which log entries a follower wants: those that match and have not been answered already. */
export interface FollowFilter {
  matches(entry: LogEntry, place: LogPlace): boolean;
}

/** The limits of the client. `message` and `operation` throw `RATE_LIMIT_EXCEEDED`, and then count nothing. */
export interface SessionLimits {
  /** The client as the limits know it: its address. */
  readonly client: string;
  /** Whether so much is refused to all clients together that it slows others down. */
  readonly isFlooded: boolean;
  message(): void;
  operation(limit: OperationLimit): void;
  /** The limits that are nearly used up, if a warning is due. */
  warning(): Record<string, LimitUsage> | undefined;
  /** How much of each limit is used. */
  usage(): Record<string, LimitUsage>;
}

/** Who asks: a socket's connection, or one HTTP request, which cannot be pushed to. */
export interface Session {
  readonly id: string;
  readonly limits: SessionLimits;
  readonly identity: Identity;
  /** Who asks: the actor of its identity. */
  readonly actor: Actor;
  /** Changes who asks, from now on. */
  identify(identity: Identity): void;
  /** Returns the new subscription's id. Throws `SUBSCRIPTION_ERROR` if nothing can be pushed. */
  subscribe(channels: Channel[], filters: SubscriptionFilters): string;
  follow(filter: FollowFilter): string;
  /** The channels that were ended. Throws `SUBSCRIPTION_ERROR` for an unknown subscription. */
  unsubscribe(channels: Channel[] | undefined, subscription_id: string | undefined): Channel[];
}

/** A message that came in a batch. */
export interface BatchMember {
  /** Whether the limits on all messages have counted it already. */
  isCounted: boolean;
}

/** What handlers work with; `boot` makes it once. */
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
    /** `client`: the address of who asks. */
    change(change: Omit<Request<"update_rate_limits">, "type">, by: Actor, client: string): LimitPolicyView;
  };
  /** Carries out another message of the same session; for `batch`. */
  dispatch(message: unknown, session: Session, member: BatchMember): Promise<object> | object;
}

/** The reply without what the router adds to each. */
export type Answer<T extends RequestType> = Omit<Reply<T>, "type" | "request_id">;

export interface Capability<T extends RequestType> {
  readonly type: T;
  /** What it does, in a paragraph, for the reference. */
  readonly doc: string;
  /** What a key must be allowed to do to use it; "none": it needs no key. */
  readonly permission: Permission | "none";
  /** The limit on requests of its kind, besides those on all messages. */
  readonly limit?: OperationLimit;
  /** The errors it may answer besides those that any message may meet. */
  readonly errors: readonly ErrorCode[];
  readonly example: RequestInput<T>;
  handle(request: Request<T>, context: ApiContext, session: Session): Answer<T> | Promise<Answer<T>>;
}

/** Gives a capability its type. */
export function capability<T extends RequestType>(definition: Capability<T>): Capability<T> {
  return definition;
}
