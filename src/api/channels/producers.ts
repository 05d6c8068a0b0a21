/** Runs the reports of channels, at intervals and only while they have subscribers. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../clock/clock.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";
import type { ChannelPush, StateReport } from "./channel.ts";

const log = getLogger(["opencode-agents", "server"]);

export interface Producer extends StateReport {
  channel: Channel;
}

export class Producers {
  readonly #clock: Clock;
  readonly #producers: readonly Producer[];
  readonly #publish: (push: ChannelPush) => void;
  readonly #timers = new Map<Channel, Timer>();
  readonly #asking = new Set<Channel>();

  constructor(clock: Clock, producers: readonly Producer[], publish: (push: ChannelPush) => void) {
    this.#clock = clock;
    this.#producers = producers;
    this.#publish = publish;
  }

  /** Starts the reports of these channels and stops the others. A channel's first push comes at once. */
  watch(channels: ReadonlySet<Channel>): void {
    for (const producer of this.#producers) {
      const { channel, interval_ms } = producer;
      if (!channels.has(channel)) {
        this.#timers.get(channel)?.cancel();
        this.#timers.delete(channel);
      } else if (!this.#timers.has(channel)) {
        this.#timers.set(channel, this.#clock.every(interval_ms, () => void this.#ask(producer)));
        void this.#ask(producer);
      }
    }
  }

  /** Reports the current state of these channels to a new subscriber. The others wait for the next report. */
  report(channels: readonly Channel[], publish: (push: ChannelPush) => void): void {
    for (const producer of this.#producers) {
      const { channel } = producer;
      // A report under way, or the first one, also reaches the new subscriber.
      const isWaiting = channels.includes(channel) && this.#timers.has(channel) && !this.#asking.has(channel);
      if (isWaiting) void this.#produce(producer, publish);
    }
  }

  async #ask(producer: Producer): Promise<void> {
    const { channel } = producer;
    // A producer that takes longer than its interval is not asked again until it has answered.
    if (this.#asking.has(channel)) return;
    this.#asking.add(channel);
    await this.#produce(producer, this.#publish);
    this.#asking.delete(channel);
  }

  async #produce(producer: Producer, publish: (push: ChannelPush) => void): Promise<void> {
    const { channel, narrow, key } = producer;
    try {
      const produced = await producer.produce();
      for (const message of Array.isArray(produced) ? produced : [produced]) {
        publish({
          channel,
          keys: {},
          message,
          coalesce: key ? key(message) : message.type,
          narrow: narrow && ((types) => narrow(message, types)),
        });
      }
    } catch (error) {
      log.warn("Nothing to push on {channel}: {error}", { channel, error });
    }
  }
}
