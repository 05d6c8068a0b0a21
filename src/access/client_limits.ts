/**
 * The limits of one connection, or of one address that uses HTTP. A request that would exceed a limit is refused and
 * not counted. An accepted request counts toward every limit that applies to it.
 */
import { type Clock, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { LimitName, LimitUsage, OperationLimit } from "../protocol/limits.ts";
import type { LimitPolicy } from "./policy.ts";
import type { Standing } from "./shares.ts";
import { SlidingWindow, TokenBucket, WINDOW_SECONDS } from "./windows.ts";

/** A client that has used this share of a limit gets a warning. */
const WARN_SHARE = 0.8;
const WARN_INTERVAL_MS = 1000;

/** Messages that are counted together, and how much of `global_messages_per_minute` they may be. */
export interface MessagePool {
  readonly window: SlidingWindow;
  share(limit: number): number;
}

/** What all clients share. */
export interface SharedLimits {
  readonly clock: Clock;
  readonly policy: LimitPolicy;
  /** The pools that a client's messages count in, the narrowest last. */
  messagePools(client: string, standing: Standing): readonly MessagePool[];
  /** A message was accepted. */
  accepted(client: string, now_ms: number): void;
  /** A limit refused something. */
  refused(client: string, limit: LimitName): void;
  /** Whether so much is being refused that it slows other clients down. */
  readonly isFlooded: boolean;
}

export class ClientLimits {
  /** Its address. */
  readonly client: string;
  readonly #shared: SharedLimits;
  readonly #bucket: TokenBucket;
  readonly #windows = new Map<LimitName, SlidingWindow>();
  #standing: Standing;
  #warned_ms = -Infinity;

  constructor(shared: SharedLimits, client: string, standing: Standing = "ordinary") {
    this.#shared = shared;
    this.client = client;
    this.#standing = standing;
    const now = shared.clock.monotonic();
    this.#bucket = new TokenBucket(shared.policy.limit("burst_per_second", client, now), now);
  }

  /** Changes when the client shows a key, or another one. */
  get standing(): Standing {
    return this.#standing;
  }

  set standing(standing: Standing) {
    this.#standing = standing;
  }

  get isFlooded(): boolean {
    return this.#shared.isFlooded;
  }

  /** Counts a message. Throws `RATE_LIMIT_EXCEEDED` if that would exceed a limit. */
  message(): void {
    const { policy, clock } = this.#shared;
    const now = clock.monotonic();
    const pools = this.#shared.messagePools(this.client, this.#standing);
    const own = this.#window("messages_per_minute");
    if (!policy.isOff(now)) {
      const burst = policy.limit("burst_per_second", this.client, now);
      if (burst !== this.#bucket.capacity) this.#bucket.resize(burst);
      if (!this.#bucket.has(now)) throw this.#exceeded("burst_per_second", burst, 1, 1);
      this.#refuseOver("messages_per_minute", own, now);
      for (const pool of pools) this.#refuseOver("global_messages_per_minute", pool.window, now, pool);
      this.#bucket.take(now);
    }
    own.add(now);
    for (const { window } of pools) window.add(now);
    this.#shared.accepted(this.client, now);
  }

  /** Counts an operation that has its own limit. Throws `RATE_LIMIT_EXCEEDED` if that would exceed it. */
  operation(limit: OperationLimit): void {
    const { policy, clock } = this.#shared;
    const now = clock.monotonic();
    const window = this.#window(limit);
    if (!policy.isOff(now)) this.#refuseOver(limit, window, now);
    window.add(now);
  }

  /** The limits that are nearly used up, if a warning is due (at most one a second). */
  warning(): Record<string, LimitUsage> | undefined {
    const { policy, clock } = this.#shared;
    if (!policy.enabled) return undefined;
    const now = clock.monotonic();
    if (policy.isOff(now) || now - this.#warned_ms < WARN_INTERVAL_MS || !this.#isNearAny(now)) {
      return undefined;
    }
    const near = Object.entries(this.usage()).filter(([, { current, limit }]) => isNearLimit(current, limit));
    this.#warned_ms = now;
    return Object.fromEntries(near);
  }

  /** Asked after each reply, so it does not work out the whole usage. */
  #isNearAny(now_ms: number): boolean {
    const { policy } = this.#shared;
    const isNearlyUsed = (name: LimitName, window: SlidingWindow, pool?: MessagePool) => {
      const limit = policy.limit(name, this.client, now_ms);
      return isNearLimit(window.count(now_ms), pool?.share(limit) ?? limit);
    };
    const pools = this.#shared.messagePools(this.client, this.#standing);
    return pools.some((pool) => isNearlyUsed("global_messages_per_minute", pool.window, pool)) ||
      this.#windows.entries().some(([name, window]) => isNearlyUsed(name, window));
  }

  /** How much of each limit is used now. */
  usage(): Record<string, LimitUsage> {
    const { clock, policy } = this.#shared;
    const now = clock.monotonic();
    const used = (window: SlidingWindow, limit: number): LimitUsage => ({
      current: window.count(now),
      limit,
      reset_time: isoTime(clock.now() + 1000 * window.secondsUntilEmpty(now)),
    });
    const usage: Record<string, LimitUsage> = {};
    for (const [name, window] of this.#windows) {
      usage[name] = used(window, policy.limit(name, this.client, now));
    }
    const { window, share } = this.#shared.messagePools(this.client, this.#standing).at(-1)!;
    const all = policy.limit("global_messages_per_minute", this.client, now);
    usage.global_messages_per_minute = used(window, share(all));
    return usage;
  }

  #window(name: LimitName): SlidingWindow {
    let window = this.#windows.get(name);
    if (!window) this.#windows.set(name, window = new SlidingWindow());
    return window;
  }

  #refuseOver(name: LimitName, window: SlidingWindow, now_ms: number, pool?: MessagePool): void {
    const whole = this.#shared.policy.limit(name, this.client, now_ms);
    const limit = pool?.share(whole) ?? whole;
    if (window.count(now_ms) < limit) return;
    throw this.#exceeded(name, limit, WINDOW_SECONDS, Math.max(1, window.secondsUntilBelow(limit, now_ms)));
  }

  #exceeded(name: LimitName, limit: number, window_seconds: number, wait_seconds: number): ApiError {
    this.#shared.refused(this.client, name);
    return exceeded(name, limit, window_seconds, wait_seconds);
  }
}

function isNearLimit(current: number, limit: number): boolean {
  return current >= limit * WARN_SHARE;
}

export function exceeded(
  limit: LimitName,
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
