/**
 * The documented limits, applied to all clients. Time is monotonic: a wall clock that is set back an hour must not
 * lock everybody out for an hour.
 */
import { type Clock, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { LimitUsage } from "../protocol/limits.ts";
import type { LimitName } from "../protocol/limits.ts";
import type { HealthFinding } from "../protocol/system_messages.ts";
import { ClientLimits, exceeded, type SharedLimits } from "./client_limits.ts";
import { LimitPolicy, type LimitsConfig } from "./policy.ts";
import { UsageHistory } from "./usage_history.ts";
import { SlidingWindow, TokenBucket, WINDOW_SECONDS } from "./windows.ts";

/** When this share of the connections is taken, the health report has a warning. */
const CROWDED_SHARE = 0.9;
/** How many addresses are remembered; the one unused for longest is forgotten first. */
const ADDRESSES_MAX = 10_000;

/** More refusals than this within a second are a storm. */
const STORM_REFUSALS = 50;
/** More than this take up much of the server's time. */
const FLOOD_REFUSALS = 1000;

interface Address {
  http?: ClientLimits;
  reconnections: SlidingWindow;
  closed_ms: number;
}

export class RateLimits implements SharedLimits {
  readonly clock: Clock;
  readonly policy: LimitPolicy;
  readonly history = new UsageHistory();
  readonly globalMessages = new SlidingWindow();
  readonly #connectionBucket: TokenBucket;
  readonly #connectionsMade = new SlidingWindow();
  readonly #refusals = new SlidingWindow();
  readonly #addresses = new Map<string, Address>();
  readonly #connected = new Set<ClientLimits>();
  /** Clients whose connection was counted as a reconnection, each with what takes that back. */
  readonly #counted = new Map<ClientLimits, () => void>();
  readonly #onRefused: (client: string, limit: LimitName) => void;

  /** `onRefused` is called for everything that a limit refuses. */
  constructor(
    config: LimitsConfig,
    clock: Clock,
    onRefused: (client: string, limit: LimitName) => void = () => {},
  ) {
    this.clock = clock;
    this.policy = new LimitPolicy(config);
    this.#connectionBucket = new TokenBucket(config.connections_per_second, clock.monotonic());
    this.#onRefused = onRefused;
  }

  accepted(client: string, now_ms: number): void {
    this.history.message(client, now_ms);
  }

  refused(client: string, limit: LimitName): void {
    const now = this.clock.monotonic();
    this.#refusals.add(now);
    this.history.refused(client, limit, now);
    this.#onRefused(client, limit);
  }

  /** Whether so much is being refused that refused clients are made to wait. */
  get isStorm(): boolean {
    return this.#refusedOfLate() > STORM_REFUSALS;
  }

  get isFlooded(): boolean {
    return this.#refusedOfLate() > FLOOD_REFUSALS;
  }

  /** The refusals of this second or the last, whichever had more. */
  #refusedOfLate(): number {
    const [now, before] = this.#refusals.newest(2, this.clock.monotonic());
    return Math.max(now!, before!);
  }

  /**
   * Admits a new socket, or throws `CONNECTION_LIMIT_EXCEEDED` or `RATE_LIMIT_EXCEEDED`. `isTrusted`: its reconnections
   * are not counted.
   */
  connect(ip: string, isTrusted = false): ClientLimits {
    const refusal = this.refusal(ip, isTrusted);
    if (refusal) {
      this.refused(ip, refusal.details.limit as LimitName);
      throw refusal;
    }
    const now = this.clock.monotonic();
    const client = new ClientLimits(this, ip);
    if (!this.policy.isOff(now)) {
      this.#connectionBucket.take(now);
      if (!isTrusted && this.#isReconnection(ip, now)) {
        const { reconnections } = this.#address(ip);
        reconnections.add(now);
        this.#counted.set(client, () => reconnections.takeBack(now, this.clock.monotonic()));
      }
    }
    this.#connectionsMade.add(now);
    this.#connected.add(client);
    return client;
  }

  /** The client has shown who it is: its reconnection does not count after all. */
  trusted(client: ClientLimits): void {
    this.#counted.get(client)?.();
    this.#counted.delete(client);
  }

  #isReconnection(ip: string, now: number): boolean {
    const address = this.#addresses.get(ip);
    return address !== undefined && now - address.closed_ms < WINDOW_SECONDS * 1000;
  }

  /** Why a new socket would not be admitted now; undefined if it would. Counts nothing. */
  refusal(ip: string, isTrusted = false): ApiError | undefined {
    const now = this.clock.monotonic();
    if (this.policy.isOff(now)) return undefined;
    const most = this.policy.limit("connections", undefined, now);
    if (this.#connected.size >= most) {
      return new ApiError(
        "CONNECTION_LIMIT_EXCEEDED",
        `The server has ${most} connections, which is its limit`,
        {
          limit: "connections",
          current_limit: most,
          retry_after_seconds: 1,
        },
      );
    }
    const per_second = this.policy.limit("connections_per_second", undefined, now);
    if (per_second !== this.#connectionBucket.capacity) this.#connectionBucket.resize(per_second);
    if (!this.#connectionBucket.has(now)) return exceeded("connections_per_second", per_second, 1, 1);
    if (isTrusted || !this.#isReconnection(ip, now)) return undefined;
    const { reconnections } = this.#addresses.get(ip)!;
    const limit = this.policy.limit("reconnections_per_minute", ip, now);
    if (reconnections.count(now) < limit) return undefined;
    const wait_seconds = Math.max(1, reconnections.secondsUntilBelow(limit, now));
    return exceeded("reconnections_per_minute", limit, WINDOW_SECONDS, wait_seconds);
  }

  disconnected(client: ClientLimits): void {
    this.#connected.delete(client);
    this.#counted.delete(client);
    this.#address(client.client).closed_ms = this.clock.monotonic();
  }

  /** A warning for the health report when nearly all connections are taken. */
  findings(): HealthFinding[] {
    const now = this.clock.monotonic();
    const most = this.policy.limit("connections", undefined, now);
    if (this.policy.isOff(now) || this.#connected.size < most * CROWDED_SHARE) return [];
    const message = `${this.#connected.size} of ${most} connections are taken`;
    return [{ code: "CONNECTION_LIMIT_EXCEEDED", severity: "warning", message }];
  }

  /** The limits of an address that sends messages over HTTP. */
  http(ip: string): ClientLimits {
    return this.#address(ip).http ??= new ClientLimits(this, ip);
  }

  get connections(): number {
    return this.#connected.size;
  }

  connectionsOf(client: string): number {
    return [...this.#connected].filter((one) => one.client === client).length;
  }

  /** The server's own limits. */
  usage(): Record<"connections" | "connections_per_second" | "global_messages_per_minute", LimitUsage> {
    const now = this.clock.monotonic();
    const usage = (name: LimitName, current: number, empty_in_seconds: number): LimitUsage => ({
      current,
      limit: this.policy.limit(name, undefined, now),
      reset_time: isoTime(this.clock.now() + 1000 * empty_in_seconds),
    });
    const made = this.#connectionsMade.newest(1, now)[0]!;
    return {
      connections: usage("connections", this.#connected.size, 0),
      connections_per_second: usage("connections_per_second", made, made > 0 ? 1 : 0),
      global_messages_per_minute: usage(
        "global_messages_per_minute",
        this.globalMessages.count(now),
        this.globalMessages.secondsUntilEmpty(now),
      ),
    };
  }

  /** The usage of each limit, from whichever of the client's connections (or its HTTP requests) has used most. */
  usageOf(client: string): Record<string, LimitUsage> {
    const http = this.#addresses.get(client)?.http;
    const fullest: Record<string, LimitUsage> = {};
    for (const one of [...this.#connected, ...(http ? [http] : [])]) {
      if (one.client !== client) continue;
      for (const [name, usage] of Object.entries(one.usage())) {
        if (name !== "global_messages_per_minute" && usage.current >= (fullest[name]?.current ?? 0)) {
          fullest[name] = usage;
        }
      }
    }
    return fullest;
  }

  #address(ip: string): Address {
    const known = this.#addresses.get(ip) ?? { reconnections: new SlidingWindow(), closed_ms: -Infinity };
    // Moved to the end, so that the first is the one unused for longest.
    this.#addresses.delete(ip);
    this.#addresses.set(ip, known);
    if (this.#addresses.size > ADDRESSES_MAX) this.#addresses.delete(this.#addresses.keys().next().value!);
    return known;
  }
}
