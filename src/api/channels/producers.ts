/**
 * Channels that tell how things stand rather than what happened: each has a producer that is asked at intervals,
 * and only while somebody listens.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../clock/clock.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";
import type { ChannelPush } from "./pushes.ts";

const log = getLogger(["opencode-agents", "server"]);

type Produced = ChannelPush["message"] | ChannelPush["message"][];

export interface Producer {
  channel: Channel;
  interval_ms: number;
  /** One message, or one for each of several things. */
  produce(): Promise<Produced> | Produced;
  /** Newer messages of the same key make older ones worthless; the type, when absent. */
  key?(message: ChannelPush["message"]): string;
  /** Of a message, what a subscriber to these types gets. */
  narrow?(message: ChannelPush["message"], types: readonly string[]): ChannelPush["message"];
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

  /** Starts and stops what is needed for these channels. A channel's first push comes at once. */
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

  /** Tells one who has just come what these channels have to tell now; to the others that comes in its time. */
  tell(channels: readonly Channel[], publish: (push: ChannelPush) => void): void {
    for (const producer of this.#producers) {
      const { channel } = producer;
      // One that is being asked, or is asked for the first time, tells the newcomer as well.
      const isWaiting = channels.includes(channel) && this.#timers.has(channel) && !this.#asking.has(channel);
      if (isWaiting) void this.#produce(producer, publish);
    }
  }

  async #ask(producer: Producer): Promise<void> {
    const { channel } = producer;
    // A producer that takes longer than its interval is not asked again meanwhile.
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
