/** Who has asked for what: the subscriptions of one connection, and the hub that serves all connections. */
import type { FollowFilter } from "../api/capability.ts";
import type { Clock } from "../clock/clock.ts";
import type { DomainEvent, EventBus } from "../engine/events.ts";
import { ApiError } from "../protocol/errors.ts";
import type { Channel, SubscriptionFilters } from "../protocol/subscription_messages.ts";
import { type ChannelPush, pushesOf } from "./pushes.ts";

/** One connection may hold this many; more is a client that forgets to unsubscribe. */
const SUBSCRIPTIONS_MAX = 100;

interface Subscription {
  channels: Set<Channel>;
  filters: SubscriptionFilters;
}

function wanted(push: ChannelPush, { channels, filters }: Subscription): boolean {
  if (!channels.has(push.channel)) return false;
  const { keys } = push;
  const among = (list: readonly string[] | undefined, key: string | undefined) =>
    list === undefined || (key !== undefined && list.includes(key));
  switch (push.channel) {
    case "task_status":
    case "task_progress": {
      const filter = filters[push.channel];
      return among(filter?.task_ids, keys.task_id) && among(filter?.statuses, keys.status);
    }
    case "log_entries":
      return among(filters.log_entries?.levels, keys.level) && among(filters.log_entries?.agents, keys.agent);
    case "processes":
      return among(filters.processes?.types, keys.type);
    default:
      return true;
  }
}

/** The subscriptions and followed logs of one connection. */
export class Subscriptions {
  readonly #byId = new Map<string, Subscription>();
  readonly #follows = new Map<string, FollowFilter>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0 && this.#follows.size === 0;
  }

  subscribe(channels: Channel[], filters: SubscriptionFilters): string {
    const id = this.#next();
    this.#byId.set(id, { channels: new Set(channels), filters });
    return id;
  }

  follow(filter: FollowFilter): string {
    const id = this.#next();
    this.#follows.set(id, filter);
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
    if (id !== undefined && this.#follows.delete(id)) return [];
    const only = id === undefined ? undefined : this.#byId.get(id);
    if (id !== undefined && !only) {
      throw new ApiError("SUBSCRIPTION_ERROR", `This connection has no subscription '${id}'`, {
        field: "subscription_id",
        value: id,
        expected: [...this.#byId.keys(), ...this.#follows.keys()],
      });
    }
    const ended = new Set<Channel>();
    for (const [key, subscription] of only ? [[id!, only] as const] : this.#byId) {
      for (const channel of channels ?? [...subscription.channels]) {
        subscription.channels.delete(channel);
        ended.add(channel);
      }
      if (subscription.channels.size === 0) this.#byId.delete(key);
    }
    return channels ?? [...ended];
  }

  /** Whether any subscription wants this push. */
  wants(push: ChannelPush): boolean {
    for (const subscription of this.#byId.values()) if (wanted(push, subscription)) return true;
    return false;
  }

  /** The follows that want this log entry. */
  *following(push: ChannelPush): Iterable<string> {
    if (push.message.type !== "log_entry" || push.seq === undefined) return;
    const { log } = push.message;
    for (const [id, filter] of this.#follows) {
      if (
        push.seq > filter.after_seq && (filter.levels?.includes(log.level) ?? true) &&
        (filter.agents?.includes(log.agent) ?? true) && filter.matches(log)
      ) yield id;
    }
  }
}

/** A connection as the hub sees it. */
export interface Subscriber {
  readonly subscriptions: Subscriptions;
  push(text: string, coalesce?: string): void;
}

/** Turns events into pushes; each is encoded once, whatever the number of subscribers. */
export class SubscriptionHub {
  readonly #subscribers = new Set<Subscriber>();
  readonly #clock: Clock;

  constructor(bus: EventBus, clock: Clock) {
    this.#clock = clock;
    bus.listen((event) => this.#publish(event));
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  #publish(event: DomainEvent): void {
    const listening = [...this.#subscribers].filter((one) => !one.subscriptions.isEmpty);
    if (listening.length === 0) return;
    for (const push of pushesOf(event, this.#clock.now())) {
      let text: string | undefined;
      for (const one of listening) {
        if (one.subscriptions.wants(push)) one.push(text ??= JSON.stringify(push.message), push.coalesce);
        for (const subscription_id of one.subscriptions.following(push)) {
          one.push(JSON.stringify({ ...push.message, subscription_id }));
        }
      }
    }
  }
}
