/** Who has asked for what: the subscriptions of one connection, and the hub that serves all connections. */
import type { FollowFilter } from "../capability.ts";
import { type Clock, sleep } from "../../clock/clock.ts";
import type { DomainEvent, EventBus } from "../../engine/events.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Channel, SubscriptionFilters } from "../../protocol/subscription_messages.ts";
import { type Producer, Producers } from "./producers.ts";
import { type ChannelPush, pushesOf } from "./pushes.ts";

/** One connection may hold this many; more is a client that forgets to unsubscribe. */
const SUBSCRIPTIONS_MAX = 100;

/** A flood waits so long for a reader that is behind, and looks so often. */
const CATCH_UP_MS = 250;
const CATCH_UP_LOOK_MS = 2;

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
    default:
      return true;
  }
}

/** The subscriptions and followed logs of one connection. */
export class Subscriptions {
  readonly #byId = new Map<string, Subscription>();
  readonly #follows = new Map<string, FollowFilter>();
  readonly #newId: () => string;
  /** Called when what is subscribed to may have changed; `added`: the channels of a new subscription. */
  onChanged: (added: readonly Channel[]) => void = () => {};

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  *channels(): Iterable<Channel> {
    for (const { channels } of this.#byId.values()) yield* channels;
  }

  /** The process types this connection wants, all when undefined. */
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
    return this.#byId.size === 0 && this.#follows.size === 0;
  }

  subscribe(channels: Channel[], filters: SubscriptionFilters): string {
    const id = this.#next();
    this.#byId.set(id, { channels: new Set(channels), filters });
    this.onChanged(channels);
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
    this.onChanged([]);
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
      if (push.seq > filter.after_seq && filter.matches(log, push.seq)) yield id;
    }
  }
}

/** A connection as the hub sees it. */
export interface Subscriber {
  readonly subscriptions: Subscriptions;
  /** Whether something waits because the reader has not taken what it was sent before. */
  readonly isBehind: boolean;
  push(text: string, coalesce?: string): void;
  /** What this connection is told instead, where a message is about the connection itself. */
  own?(message: object): string | undefined;
}

/** Turns events into pushes; each is encoded once, whatever the number of subscribers. */
export class SubscriptionHub {
  readonly #subscribers = new Set<Subscriber>();
  readonly #clock: Clock;
  readonly #producers: Producers;
  /** Behind, and not waited for. */
  readonly #stalled = new Set<Subscriber>();

  constructor(bus: EventBus, clock: Clock, producers: readonly Producer[]) {
    this.#clock = clock;
    this.#producers = new Producers(clock, producers, (push) => this.#deliver(push, this.#listening()));
    bus.listen((event) => this.#publish(event));
  }

  get size(): number {
    return this.#subscribers.size;
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    subscriber.subscriptions.onChanged = (added) => {
      this.#producers.tell(added, (push) => this.#deliver(push, [subscriber]));
      this.#watch();
    };
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    this.#stalled.delete(subscriber);
    this.#watch();
  }

  /**
   * Resolves when every reader has taken what it was sent, so that a flood of entries comes at the pace of those who
   * read. One that takes nothing for a while is not waited for again until it has caught up; its bound ends it.
   */
  async caughtUp(): Promise<void> {
    const end_ms = this.#clock.monotonic() + CATCH_UP_MS;
    const behind = () => [...this.#subscribers].filter((one) => one.isBehind && !this.#stalled.has(one));
    for (const one of this.#stalled) if (!one.isBehind) this.#stalled.delete(one);
    while (behind().length > 0) {
      if (this.#clock.monotonic() < end_ms) await sleep(this.#clock, CATCH_UP_LOOK_MS);
      else for (const one of behind()) this.#stalled.add(one);
    }
  }

  #watch(): void {
    const channels = new Set<Channel>();
    for (const { subscriptions } of this.#subscribers) {
      for (const channel of subscriptions.channels()) channels.add(channel);
    }
    this.#producers.watch(channels);
  }

  #listening(): Subscriber[] {
    return [...this.#subscribers].filter((one) => !one.subscriptions.isEmpty);
  }

  #publish(event: DomainEvent): void {
    const listening = this.#listening();
    if (listening.length === 0) return;
    for (const push of pushesOf(event, this.#clock.now())) this.#deliver(push, listening);
  }

  #deliver(push: ChannelPush, listening: Subscriber[]): void {
    const encoded = new Map<string, string>();
    const encode = (key: string, message: () => object) => {
      const known = encoded.get(key) ?? JSON.stringify(message());
      encoded.set(key, known);
      return known;
    };
    for (const one of listening) {
      if (one.subscriptions.wants(push)) {
        const types = push.narrow && one.subscriptions.processTypes;
        const text = types ? encode(types.join(), () => push.narrow!(types)) : encode("", () => push.message);
        one.push(one.own?.(push.message) ?? text, push.coalesce);
      }
      for (const subscription_id of one.subscriptions.following(push)) {
        // The name of the follow is all that differs, so it is put into the text that all share.
        const text = encode("", () => push.message);
        one.push(`${text.slice(0, -1)},"subscription_id":"${subscription_id}"}`);
      }
    }
  }
}
