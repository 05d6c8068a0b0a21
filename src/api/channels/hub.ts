/** The hub between the server's events and the connections that subscribe to them. */
import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../../clock/clock.ts";
import type { DomainEvent, EventBus } from "../../engine/events.ts";
import { ALL_TENANTS } from "../../domain/tenant_id.ts";
import type { Permission } from "../../domain/access_key.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";
import { fullStatus, machineStatus, type StatusSources } from "../status.ts";
import { type Producer, Producers } from "./producers.ts";
import type { ChannelPush } from "./channel.ts";
import { Subscriptions } from "./subscriptions.ts";
import { channelTable, laterPushesOf, pushesOf } from "./table.ts";

const log = getLogger(["opencode-agents", "api"]);

/** How long a flood of entries waits for a slow reader, and how often it checks. */
const CATCH_UP_MS = 250;
const CATCH_UP_LOOK_MS = 2;

/** A connection as the hub sees it. */
export interface Subscriber {
  /** Whether messages wait because the reader has not taken the earlier ones. */
  readonly isBehind: boolean;
  /** The tenant whose ids it is shown; `*` for those of all. */
  readonly view?: string;
  /** Whether it may get this push. Without it, it may get all. */
  hears?(push: ChannelPush): boolean;
  push(text: string, coalesce?: string): void;
  /** What this connection gets instead of a message that is about the connection itself. */
  own?(message: object): string | undefined;
}

export interface HubOptions {
  /** The state that connections get, followed by the basic pushes, until they subscribe. Without it, they get nothing. */
  basics?: StatusSources;
  /** A push as those of a tenant, or of all, are shown it. */
  outside?(message: object, view: string): object;
}

/** Turns events into pushes. Each push is encoded once, however many subscribers there are. */
export class SubscriptionHub {
  readonly #subscribers = new Map<Subscriber, Subscriptions>();
  /** Those that have subscribed to anything. Most connections only ask, and each event looks at all of these. */
  readonly #listening = new Map<Subscriber, Subscriptions>();
  readonly #channels = channelTable();
  readonly #clock: Clock;
  readonly #producers: Producers;
  /** Slow readers that are no longer waited for. */
  readonly #stalled = new Set<Subscriber>();
  readonly #basics: StatusSources | undefined;
  readonly #outside: NonNullable<HubOptions["outside"]>;
  /** The pushes that are being read. */
  #later: Promise<void> = Promise.resolve();

  constructor(bus: EventBus, clock: Clock, producers: readonly Producer[], options: HubOptions = {}) {
    this.#clock = clock;
    this.#basics = options.basics;
    this.#outside = options.outside ?? ((message) => message);
    this.#producers = new Producers(clock, producers, (push) => this.#deliver(push, this.#listening));
    bus.listen((event) => this.#publish(event));
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** Adds a subscriber and returns its subscriptions, which are empty at first. They are served until it leaves. */
  join(subscriber: Subscriber, newId: () => string): Subscriptions {
    const subscriptions = new Subscriptions(newId, (added) => this.#changed(subscriber, added));
    this.#subscribers.set(subscriber, subscriptions);
    return subscriptions;
  }

  /** Whether connections that have not subscribed get the basic pushes. */
  get hasBasics(): boolean {
    return this.#basics !== undefined;
  }

  /** Sends the full status and then the basic pushes, unless the subscriber has said itself what it wants. */
  async offerBasics(subscriber: Subscriber): Promise<void> {
    if (!this.#basics) return;
    const machine = await machineStatus(this.#basics);
    const subscriptions = this.#subscribers.get(subscriber);
    if (!subscriptions?.mayHaveBasics) return;
    // Both in one step, so that no change falls between the status and the pushes.
    subscriber.push(JSON.stringify(fullStatus(this.#basics, machine)));
    subscriptions.beginBasics();
  }

  /** Ends the subscriptions that a subscriber may no longer have, now that it has shown another key. */
  narrow(subscriber: Subscriber, allows: (permission: Permission) => boolean): void {
    const denied = [...this.#channels.values()].filter(({ permission }) => !allows(permission));
    this.#subscribers.get(subscriber)?.narrow(new Set(denied.map(({ name }) => name)), allows("read"));
  }

  leave(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    this.#listening.delete(subscriber);
    this.#stalled.delete(subscriber);
    this.#watch();
  }

  #changed(subscriber: Subscriber, added: readonly Channel[]): void {
    const subscriptions = this.#subscribers.get(subscriber);
    if (!subscriptions) return;
    if (subscriptions.isEmpty) this.#listening.delete(subscriber);
    else this.#listening.set(subscriber, subscriptions);
    this.#producers.report(added, (push) => this.#deliver(push, [[subscriber, subscriptions]]));
    this.#watch();
  }

  /**
   * Resolves when every reader has taken what it was sent, so that a flood of entries is sent at the readers' pace. A
   * reader that takes nothing for a while is not waited for again until it has caught up. Its own bound closes it.
   */
  async caughtUp(): Promise<void> {
    const end_ms = this.#clock.monotonic() + CATCH_UP_MS;
    const behind = () =>
      [...this.#subscribers.keys()].filter((one) => one.isBehind && !this.#stalled.has(one));
    for (const one of this.#stalled) if (!one.isBehind) this.#stalled.delete(one);
    while (behind().length > 0) {
      if (this.#clock.monotonic() < end_ms) await sleep(this.#clock, CATCH_UP_LOOK_MS);
      else for (const one of behind()) this.#stalled.add(one);
    }
  }

  #watch(): void {
    const channels = new Set<Channel>();
    for (const subscriptions of this.#listening.values()) {
      for (const channel of subscriptions.channels()) channels.add(channel);
    }
    this.#producers.watch(channels);
  }

  #publish(event: DomainEvent): void {
    if (this.#listening.size === 0) return;
    for (const push of pushesOf(this.#channels, event, this.#clock.now())) {
      this.#deliver(push, this.#listening);
    }
    if (event.kind === "conversation.changed") this.#publishLater(event);
  }

  /** One after the other, so that they keep the order of their events. */
  #publishLater(event: DomainEvent): void {
    for (const [name, channel] of this.#channels) {
      if (!channel.onEventLater || !this.#isHeard(name)) continue;
      const push = async () => {
        for (const one of await laterPushesOf(channel, event, this.#clock.now())) {
          this.#deliver(one, this.#listening);
        }
      };
      this.#later = this.#later.then(push).catch((error) =>
        log.error("A push on {name} could not be made: {error}", { name, error })
      );
    }
  }

  #isHeard(channel: Channel): boolean {
    for (const subscriptions of this.#listening.values()) {
      for (const one of subscriptions.channels()) if (one === channel) return true;
    }
    return false;
  }

  #deliver(push: ChannelPush, listening: Iterable<[Subscriber, Subscriptions]>): void {
    const encoded = new Map<string, string>();
    for (const [one, subscriptions] of listening) {
      const { view = ALL_TENANTS } = one;
      const encode = (types: string, message: () => object) => {
        const key = `${view} ${types}`;
        const known = encoded.get(key) ?? JSON.stringify(this.#outside(message(), view));
        encoded.set(key, known);
        return known;
      };
      if (one.hears?.(push) === false) continue;
      if (subscriptions.wants(push)) {
        const types = push.narrow && subscriptions.processTypes;
        const text = types ? encode(types.join(), () => push.narrow!(types)) : encode("", () => push.message);
        one.push(one.own?.(push.message) ?? text, push.coalesce);
      }
      for (const subscription_id of subscriptions.following(push)) {
        // Only the subscription id differs, so it is put into the text that all share.
        const text = encode("", () => push.message);
        one.push(`${text.slice(0, -1)},"subscription_id":"${subscription_id}"}`);
      }
    }
  }
}
