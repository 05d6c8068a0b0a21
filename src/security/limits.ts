/**
 * The documented limits, applied. A request that would pass a limit is refused whole and counts nowhere; one
 * that is let through counts in every limit that concerns it. Time is monotonic: a wall clock that is set back an hour
 * must not shut everybody out for an hour.
 */
import { type Clock, isoTime } from "../clock/clock.ts";
import type { Config } from "../protocol/config.ts";
import { ApiError } from "../protocol/errors.ts";
import type { LimitUsage, OperationLimit } from "../protocol/limits.ts";
import { SlidingWindow, TokenBucket, WINDOW_SECONDS } from "./windows.ts";

export type LimitsConfig = Config["limits"];

/** From this share of a limit on, the client is told. */
const WARN_SHARE = 0.8;
const WARN_INTERVAL_MS = 1000;

/** The windows of one connection, or of one IP address that uses HTTP. */
export class ClientLimits {
  readonly #shared: RateLimits;
  readonly #bucket: TokenBucket;
  readonly #windows = new Map<string, SlidingWindow>();
  #warned_ms = -Infinity;

  constructor(shared: RateLimits) {
    this.#shared = shared;
    this.#bucket = new TokenBucket(shared.config.burst_per_second, shared.clock.monotonic());
  }

  /** Counts a message; throws `RATE_LIMIT_EXCEEDED` when it is one too many. */
  message(): void {
    const { config, clock, globalMessages } = this.#shared;
    if (!config.enabled) return;
    const now = clock.monotonic();
    if (!this.#bucket.has(now)) throw exceeded("burst_per_second", config.burst_per_second, 1, 1);
    const own = this.#window("messages_per_minute");
    refuseOver("messages_per_minute", own, config.messages_per_minute, now);
    refuseOver("global_messages_per_minute", globalMessages, config.global_messages_per_minute, now);
    this.#bucket.take(now);
    own.add(now);
    globalMessages.add(now);
  }

  /** Counts an operation of a kind that has a limit of its own. */
  operation(limit: OperationLimit): void {
    const { config, clock } = this.#shared;
    if (!config.enabled) return;
    const now = clock.monotonic();
    const window = this.#window(limit);
    refuseOver(limit, window, config[limit], now);
    window.add(now);
  }

  /** The limits of which most is used up, when it is time to say so (at most once a second). */
  warning(): Record<string, LimitUsage> | undefined {
    const { config, clock } = this.#shared;
    const now = clock.monotonic();
    if (!config.enabled || now - this.#warned_ms < WARN_INTERVAL_MS) return undefined;
    const near = Object.entries(this.usage()).filter(([, { current, limit }]) =>
      current >= limit * WARN_SHARE
    );
    if (near.length === 0) return undefined;
    this.#warned_ms = now;
    return Object.fromEntries(near);
  }

  /** How much of each limit is used now. */
  usage(): Record<string, LimitUsage> {
    const { config, clock, globalMessages } = this.#shared;
    const now = clock.monotonic();
    const usage: Record<string, LimitUsage> = {};
    const tell = (name: keyof LimitsConfig, window: SlidingWindow) => {
      usage[name] = {
        current: window.count(now),
        limit: Number(config[name]),
        reset_time: isoTime(clock.now() + 1000 * window.secondsUntilEmpty(now)),
      };
    };
    for (const [name, window] of this.#windows) tell(name as keyof LimitsConfig, window);
    tell("global_messages_per_minute", globalMessages);
    return usage;
  }

  #window(name: string): SlidingWindow {
    let window = this.#windows.get(name);
    if (!window) this.#windows.set(name, window = new SlidingWindow());
    return window;
  }
}

/** From this share of the connections on, the health report says so. */
const CROWDED_SHARE = 0.9;
/** More addresses than this are not remembered; the oldest are forgotten first. */
const ADDRESSES_MAX = 10_000;

interface Address {
  http?: ClientLimits;
  reconnections: SlidingWindow;
  closed_ms: number;
}

/** What all clients share. */
export class RateLimits {
  readonly config: LimitsConfig;
  readonly clock: Clock;
  readonly globalMessages = new SlidingWindow();
  readonly #connectionBucket: TokenBucket;
  readonly #addresses = new Map<string, Address>();
  #connections = 0;

  constructor(config: LimitsConfig, clock: Clock) {
    this.config = config;
    this.clock = clock;
    this.#connectionBucket = new TokenBucket(config.connections_per_second, clock.monotonic());
  }

  /** Admits a new socket, or throws `CONNECTION_LIMIT_EXCEEDED` or `RATE_LIMIT_EXCEEDED`. */
  connect(ip: string): ClientLimits {
    const { config, clock } = this;
    if (config.enabled) {
      const now = clock.monotonic();
      if (this.#connections >= config.connections) {
        throw new ApiError(
          "CONNECTION_LIMIT_EXCEEDED",
          `The server has ${config.connections} connections, which is its limit`,
          {
            limit: "connections",
            current_limit: config.connections,
            retry_after_seconds: 1,
          },
        );
      }
      if (!this.#connectionBucket.has(now)) {
        throw exceeded("connections_per_second", config.connections_per_second, 1, 1);
      }
      const address = this.#addresses.get(ip);
      if (address && now - address.closed_ms < WINDOW_SECONDS * 1000) {
        refuseOver("reconnections_per_minute", address.reconnections, config.reconnections_per_minute, now);
        address.reconnections.add(now);
      }
      this.#connectionBucket.take(now);
    }
    this.#connections++;
    return new ClientLimits(this);
  }

  disconnected(ip: string): void {
    this.#connections--;
    this.#address(ip).closed_ms = this.clock.monotonic();
  }

  /** What is wrong with the door, for the health report: that it is nearly shut. */
  findings(): { code: "CONNECTION_LIMIT_EXCEEDED"; severity: "warning"; message: string }[] {
    const { enabled, connections } = this.config;
    if (!enabled || this.#connections < connections * CROWDED_SHARE) return [];
    const message = `${this.#connections} of ${connections} connections are taken`;
    return [{ code: "CONNECTION_LIMIT_EXCEEDED", severity: "warning", message }];
  }

  /** The limits of an address that sends messages over HTTP. */
  http(ip: string): ClientLimits {
    return this.#address(ip).http ??= new ClientLimits(this);
  }

  #address(ip: string): Address {
    const known = this.#addresses.get(ip) ?? { reconnections: new SlidingWindow(), closed_ms: -Infinity };
    // Put at the end, so that the first is the one unused for longest.
    this.#addresses.delete(ip);
    this.#addresses.set(ip, known);
    if (this.#addresses.size > ADDRESSES_MAX) this.#addresses.delete(this.#addresses.keys().next().value!);
    return known;
  }
}

function refuseOver(name: string, window: SlidingWindow, limit: number, now_ms: number): void {
  if (window.count(now_ms) < limit) return;
  throw exceeded(name, limit, WINDOW_SECONDS, Math.max(1, window.secondsUntilBelow(limit, now_ms)));
}

function exceeded(
  limit: string,
  current_limit: number,
  time_window_seconds: number,
  retry_after_seconds: number,
): ApiError {
  return new ApiError("RATE_LIMIT_EXCEEDED", "Too many requests. Please wait before retrying.", {
    retry_after_seconds,
    current_limit,
    time_window_seconds,
    limit,
  });
}
