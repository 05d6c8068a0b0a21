/** The definition of one channel. Each has its own file with one export; `table.ts` lists them. */
import type { Clock } from "../../clock/clock.ts";
import type { DomainEvent } from "../../engine/events.ts";
import type { TaskQueries } from "../../engine/task_queries.ts";
import type { Machine } from "../../monitor/machine.ts";
import type { Permission } from "../../domain/access_key.ts";
import type { PushKeys } from "../../protocol/channel_filter.ts";
import type { Config } from "../../protocol/config.ts";
import type { LimitUsage } from "../../protocol/limits.ts";
import type { Push } from "../../protocol/pushes.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";
import type { LogPlace } from "../../store/log_place.ts";

/** A push as a channel creates it. */
export interface NewPush {
  message: Push;
  /** The values that a subscription's filter is compared with. */
  keys?: PushKeys;
  /** A newer push with the same key replaces this one, so a slow reader gets only the newest. */
  coalesce?: string;
  /** For a log entry: its place in the log. */
  place?: LogPlace;
}

/** A push on its way to the subscribers. */
export interface ChannelPush extends NewPush {
  channel: Channel;
  keys: PushKeys;
  /** For a list that a filter shortens: returns the message with only these types. */
  narrow?: (types: readonly string[]) => Push;
}

/** The sources of the channels that report a state. */
export interface StateSources {
  clock: Clock;
  queries: Pick<TaskQueries, "agents" | "summary">;
  machine: Pick<Machine, "resources" | "processes" | "agents">;
  intervals: Config["monitor"];
  /** How many connections there are. */
  clients(): number;
  /** How much of the server's own limits is used. */
  limits(): Record<string, LimitUsage>;
}

/** Reports a state at intervals while the channel has subscribers. */
export interface StateReport {
  interval_ms: number;
  /** One message, or one for each of several items. */
  produce(): Promise<Push | Push[]> | Push | Push[];
  /** A newer message with the same key replaces an older one. The default key is the type. */
  key?(message: Push): string;
  /** The part of a message that a subscriber to these types gets. */
  narrow?(message: Push, types: readonly string[]): Push;
}

export interface ChannelDefinition {
  readonly name: Channel;
  /** The permission that a key needs to subscribe. */
  readonly permission: Permission;
  /** The types of its pushes. */
  readonly pushes: readonly Push["type"][];
  /** The pushes for an event, in order. `timestamp`: the time of the push. */
  onEvent?(event: DomainEvent, timestamp: string): readonly NewPush[];
  /** The pushes for an event that must be read first. They follow in the order of the events, and only if the channel is heard. */
  onEventLater?(event: DomainEvent, timestamp: string): Promise<readonly NewPush[]>;
  reports?(sources: StateSources): StateReport;
}
