/** What one connection has subscribed to. */
import type { FollowFilter } from "../capability.ts";
import { ApiError } from "../../domain/errors.ts";
import { passesFilter } from "../../protocol/channel_filter.ts";
import type { Channel, SubscriptionFilters } from "../../protocol/subscription_messages.ts";
import { tenantOf } from "../../domain/tenant_id.ts";
import { taskOf } from "../scope.ts";
import { BASIC_CHANNELS, isBasic } from "./basic_pushes.ts";
import type { ChannelPush } from "./channel.ts";

/** The most subscriptions of one connection. A client with more has forgotten to unsubscribe. */
const SUBSCRIPTIONS_MAX = 100;

interface Subscription {
  channels: Set<Channel>;
  filters: SubscriptionFilters;
  /** The only tenant whose tasks it is about; undefined for all. */
  tenant?: string;
}

/** The subscriptions and followed logs of one connection. */
export class Subscriptions {
  readonly #byId = new Map<string, Subscription>();
  readonly #follows = new Map<string, FollowFilter>();
  readonly #newId: () => string;
  readonly #changed: (added: readonly Channel[]) => void;
  /** Whether the connection gets the basic pushes: until it first says itself what it wants. */
  #basics: "possible" | "sent" | "over" = "possible";

  /** `changed` is called after each change; `added` are the channels of a new subscription. */
  constructor(newId: () => string, changed: (added: readonly Channel[]) => void) {
    this.#newId = newId;
    this.#changed = changed;
  }

  *channels(): Iterable<Channel> {
    if (this.#basics === "sent") yield* BASIC_CHANNELS;
    for (const { channels } of this.#byId.values()) yield* channels;
  }

  /** The process types that this connection wants; undefined for all. */
  get processTypes(): string[] | undefined {
    const types = new Set<string>();
    for (const { channels, filters } of this.#byId.values()) {
      if (!channels.has("processes")) continue;
      if (!filters.processes?.types) return undefined;
      for (const type of filters.processes.types) types.add(type);
    }
    return [...types].sort();
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0 && this.#follows.size === 0 && this.#basics !== "sent";
  }

  /** Whether the basic pushes can begin. */
  get mayHaveBasics(): boolean {
    return this.#basics === "possible";
  }

  beginBasics(): void {
    if (!this.mayHaveBasics) return;
    this.#basics = "sent";
    this.#changed(BASIC_CHANNELS);
  }

  subscribe(channels: Channel[], filters: SubscriptionFilters, tenant?: string): string {
    const id = this.#next();
    this.#basics = "over";
    this.#byId.set(id, { channels: new Set(channels), filters, tenant });
    this.#changed(channels);
    return id;
  }

  follow(filter: FollowFilter): string {
    const id = this.#next();
    this.#basics = "over";
    this.#follows.set(id, filter);
    this.#changed([]);
    return id;
  }

  #next(): string {
    const count = this.#byId.size + this.#follows.size;
    if (count >= SUBSCRIPTIONS_MAX) {
      throw new ApiError(
        "SUBSCRIPTION_ERROR",
        `A connection can hold at most ${SUBSCRIPTIONS_MAX} subscriptions`,
        {
          current: count,
          limit: SUBSCRIPTIONS_MAX,
        },
      );
    }
    return this.#newId();
  }

  unsubscribe(channels: Channel[] | undefined, id: string | undefined): Channel[] {
    if (id !== undefined && this.#follows.delete(id)) {
      this.#changed([]);
      return [];
    }
    const only = id === undefined ? undefined : this.#byId.get(id);
    if (id !== undefined && !only) {
      throw new ApiError("SUBSCRIPTION_ERROR", `This connection has no subscription '${id}'`, {
        field: "subscription_id",
        value: id,
        expected: [...this.#byId.keys(), ...this.#follows.keys()],
      });
    }
    this.#basics = "over";
    const ended = new Set<Channel>();
    for (const [key, subscription] of only ? [[id!, only] as const] : this.#byId) {
      for (const channel of channels ?? [...subscription.channels]) {
        subscription.channels.delete(channel);
        ended.add(channel);
      }
      if (subscription.channels.size === 0) this.#byId.delete(key);
    }
    this.#changed([]);
    return channels ?? [...ended];
  }

  /** Ends what the connection may no longer get. `mayRead`: whether it may follow the log. */
  narrow(denied: ReadonlySet<Channel>, mayRead: boolean): void {
    if (denied.size === 0) return;
    for (const [id, { channels }] of this.#byId) {
      for (const channel of denied) channels.delete(channel);
      if (channels.size === 0) this.#byId.delete(id);
    }
    if (!mayRead) {
      this.#follows.clear();
      if (this.#basics === "sent") this.#basics = "possible";
    }
    this.#changed([]);
  }

  /** Whether any subscription wants this push. */
  wants(push: ChannelPush): boolean {
    const { channel, keys, message } = push;
    if (this.#basics === "sent") return isBasic(message);
    const about = taskOf(message, keys.task_id);
    for (const { channels, filters, tenant } of this.#byId.values()) {
      if (tenant !== undefined && about !== undefined && tenantOf(about) !== tenant) continue;
      if (channels.has(channel) && passesFilter(channel, keys, filters)) return true;
    }
    return false;
  }

  /** The follows that want this log entry. */
  *following(push: ChannelPush): Iterable<string> {
    if (push.message.type !== "log_entry" || !push.place) return;
    const { log } = push.message;
    for (const [id, filter] of this.#follows) {
      if (filter.matches(log, push.place)) yield id;
    }
  }
}
