/** A client's subscriptions: routes each push to its readers, and subscribes again after a reconnection. */
import { type Clock, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { passesFilter, type PushKeys } from "../protocol/channel_filter.ts";
import { PUSHED } from "../protocol/pushed.ts";
import type { Push } from "../protocol/pushes.ts";
import type { Channel, SubscriptionFilters } from "../protocol/subscription_messages.ts";
import { PushQueue } from "./push_queue.ts";
import type { Requester, WireMessage } from "./replies.ts";

/** Produced by the client itself: it has reconnected, and pushes may have been missed in the meantime. */
export interface Resubscribed {
  type: "resubscribed";
  timestamp: string;
}

export type Subscribed = Push | Resubscribed;

/** An iterator of pushes. Leaving the loop unsubscribes. */
export type PushStream = AsyncIterableIterator<Subscribed, undefined>;

interface Subscription {
  channels: Channel[];
  filters: SubscriptionFilters | undefined;
  queue: PushQueue<Subscribed>;
  /** Whether its first request was answered; from then on, each new connection subscribes again. */
  confirmed: boolean;
  /** The server's id for it on the current connection. */
  subscription_id?: string;
}

/**
 * Whether a push is for a subscription. A connection gets each push once, no matter how many of its subscriptions asked
 * for it. A progress update has no status, so only the server can apply a `statuses` filter to it.
 */
export function isWanted(
  message: WireMessage,
  channels: readonly Channel[],
  filters: SubscriptionFilters = {},
): boolean {
  if (!Object.hasOwn(PUSHED, message.type)) return false;
  const { channel } = PUSHED[message.type as Push["type"]];
  return channels.includes(channel) && passesFilter(channel, keysOf(message), filters);
}

/** The message's fields that filters compare, as far as it has them. */
function keysOf(message: WireMessage): PushKeys {
  const { level, agent } = (message.log ?? {}) as PushKeys;
  return { task_id: message.task_id as string, status: message.new_status as string, level, agent };
}

export class ClientSubscriptions {
  readonly #server: Requester;
  readonly #clock: Clock;
  readonly #queue_max: number;
  readonly #all = new Set<Subscription>();

  constructor(server: Requester, clock: Clock, queue_max: number) {
    this.#server = server;
    this.#clock = clock;
    this.#queue_max = queue_max;
  }

  /** Resolves when the server has confirmed the subscription. */
  async add(channels: Channel[], filters?: SubscriptionFilters): Promise<PushStream> {
    const queue = new PushQueue<Subscribed>(this.#queue_max, () => this.#drop(subscription));
    const subscription: Subscription = { channels, filters, queue, confirmed: false };
    this.#all.add(subscription);
    try {
      await this.#subscribe(subscription);
      subscription.confirmed = true;
    } catch (error) {
      this.#all.delete(subscription);
      throw error;
    }
    return queue;
  }

  route(message: WireMessage): void {
    for (const { channels, filters, queue } of [...this.#all]) {
      if (isWanted(message, channels, filters)) queue.push(message as unknown as Subscribed);
    }
  }

  /** The connection is lost, and with it the server's ids. */
  lost(): void {
    for (const subscription of this.#all) subscription.subscription_id = undefined;
  }

  /** Subscribes to everything again. Throws `RATE_LIMIT_EXCEEDED` if the server's limits do not allow it yet. */
  async renew(): Promise<void> {
    for (const subscription of [...this.#all]) {
      if (!subscription.confirmed) continue;
      try {
        await this.#subscribe(subscription);
        subscription.queue.push({ type: "resubscribed", timestamp: isoTime(this.#clock.now()) });
      } catch (error) {
        if (error instanceof ApiError && isPassing(error)) throw error;
        subscription.queue.end(error);
      }
    }
  }

  end(error?: ApiError): void {
    for (const { queue } of [...this.#all]) queue.end(error);
  }

  async #subscribe(subscription: Subscription): Promise<void> {
    const { channels, filters } = subscription;
    const reply = await this.#server.request("subscribe_to_updates", { channels, filters });
    subscription.subscription_id = reply.subscription_id;
    // Its reader left in the meantime.
    if (!this.#all.has(subscription)) this.#drop(subscription);
  }

  #drop(subscription: Subscription): void {
    this.#all.delete(subscription);
    const { subscription_id } = subscription;
    if (subscription_id === undefined) return;
    subscription.subscription_id = undefined;
    this.#server.request("unsubscribe_from_updates", { subscription_id }).catch(() => {
      // Pushes that still arrive are ignored until the connection ends.
    });
  }
}

/** Whether another connection may succeed. */
export function isPassing(error: ApiError): boolean {
  return ["CONNECTION_LOST", "HEARTBEAT_TIMEOUT", "RATE_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE"].includes(
    error.code,
  );
}
