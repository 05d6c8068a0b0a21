/**
 * The documented limits, applied to all clients. Time is monotonic: a wall clock that is set back an hour must not
 * lock everybody out for an hour.
 */
import { type Clock, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { LimitUsage } from "../protocol/limits.ts";
import type { LimitName } from "../protocol/limits.ts";
import type { HealthFinding } from "../protocol/system_messages.ts";
import { type Actor, actorKey, ANONYMOUS } from "../domain/actor.ts";
import { ClientLimits, exceeded, type MessagePool, type SharedLimits } from "./client_limits.ts";
import { networkOf } from "./networks.ts";
import { LimitPolicy, type LimitsConfig } from "./policy.ts";
import { addressShare, knownShare, reserve, type Standing, unknownShare } from "./shares.ts";
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

/** How many keys of one address are counted each by itself. */
const HTTP_CLIENTS_MAX = 100;
/** What unknown clients of one address may open at once, as a part of `connections_per_second`. */
const UNKNOWN_BURST_PART = 2;
/** How many addresses that open connections all the time share the rate of unknown clients. */
const ADDRESSES_PER_POOL = 4;

interface Address {
  /** Those who send requests over HTTP, by who they are. */
  http: Map<string, ClientLimits>;
  reconnections: SlidingWindow;
  closed_ms: number;
}

/** What the unknown clients of one address, or of one network of IPv6, have used. */
interface UnknownNetwork {
  messages: readonly MessagePool[];
  connections: TokenBucket;
}

/** A client that wants a socket. */
export interface Connecting {
  standing?: Standing;
  /** Its reconnections are not counted. */
  isTrusted?: boolean;
}

export interface RateLimitsOptions {
  /** Whether clients must show a key: those that do not have a pool of their own. */
  isKeyRequired?: boolean;
  /** Called for everything that a limit refuses. */
  onRefused?(client: string, limit: LimitName): void;
}

export class RateLimits implements SharedLimits {
  readonly clock: Clock;
  readonly policy: LimitPolicy;
  readonly history = new UsageHistory();
  readonly globalMessages = new SlidingWindow();
  readonly #isKeyRequired: boolean;
  readonly #onRefused: (client: string, limit: LimitName) => void;
  readonly #ordinaryPool: readonly MessagePool[];
  readonly #privilegedPool: readonly MessagePool[];
  readonly #unknownPool: MessagePool = { window: new SlidingWindow(), share: unknownShare };
  readonly #connectionBucket: TokenBucket;
  readonly #reserveBucket: TokenBucket;
  readonly #unknownBucket: TokenBucket;
  readonly #connectionsMade = new SlidingWindow();
  readonly #refusals = new SlidingWindow();
  readonly #addresses = new Map<string, Address>();
  readonly #unknownNetworks = new Map<string, UnknownNetwork>();
  readonly #connected = new Set<ClientLimits>();
  /** Clients whose connection was counted as a reconnection, each with what takes that back. */
  readonly #counted = new Map<ClientLimits, () => void>();

  constructor(config: LimitsConfig, clock: Clock, options: RateLimitsOptions = {}) {
    const { isKeyRequired = false, onRefused = () => {} } = options;
    this.clock = clock;
    this.policy = new LimitPolicy(config);
    this.#isKeyRequired = isKeyRequired;
    this.#onRefused = onRefused;
    const pool = (standing: "ordinary" | "privileged") => [{
      window: this.globalMessages,
      share: (limit: number) => knownShare(limit, standing, isKeyRequired),
    }];
    this.#ordinaryPool = pool("ordinary");
    this.#privilegedPool = pool("privileged");
    const { connections_per_second: rate } = config;
    const now = clock.monotonic();
    this.#connectionBucket = new TokenBucket(rate, now);
    this.#reserveBucket = new TokenBucket(reserve(rate), now);
    this.#unknownBucket = new TokenBucket(rate, now, unknownShare(rate) / rate);
  }

  messagePools(client: string, standing: Standing): readonly MessagePool[] {
    if (standing === "unknown") return this.#unknownNetwork(client).messages;
    return standing === "privileged" ? this.#privilegedPool : this.#ordinaryPool;
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

  /** Admits a new socket, or throws `CONNECTION_LIMIT_EXCEEDED` or `RATE_LIMIT_EXCEEDED`. */
  connect(ip: string, { standing = "ordinary", isTrusted = false }: Connecting = {}): ClientLimits {
    const refusal = this.refusal(ip, { standing, isTrusted });
    if (refusal) {
      this.refused(ip, refusal.details.limit as LimitName);
      throw refusal;
    }
    const now = this.clock.monotonic();
    const client = new ClientLimits(this, ip, standing);
    if (!this.policy.isOff(now)) {
      for (const bucket of this.#bucketsOf(ip, standing, now)) bucket.take(now);
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

  /**
   * The client has shown who it is: its reconnection does not count after all, and it takes one of the places for known
   * clients. Throws `CONNECTION_LIMIT_EXCEEDED` if none is left; then nothing changes.
   */
  identified(client: ClientLimits, standing: Standing): void {
    const now = this.clock.monotonic();
    if (client.standing === "unknown" && standing !== "unknown" && !this.policy.isOff(now)) {
      const refusal = this.#noPlace(client.client, standing, now);
      if (refusal) throw refusal;
    }
    client.standing = standing;
    this.#counted.get(client)?.();
    this.#counted.delete(client);
  }

  #isReconnection(ip: string, now: number): boolean {
    const address = this.#addresses.get(ip);
    return address !== undefined && now - address.closed_ms < WINDOW_SECONDS * 1000;
  }

  /** Why a new socket would not be admitted now; undefined if it would. Counts nothing. */
  refusal(ip: string, { standing = "ordinary", isTrusted = false }: Connecting = {}): ApiError | undefined {
    const now = this.clock.monotonic();
    if (this.policy.isOff(now)) return undefined;
    const noPlace = this.#noPlace(ip, standing, now);
    if (noPlace) return noPlace;
    if (this.#bucketsOf(ip, standing, now).some((bucket) => !bucket.has(now))) {
      const per_second = this.policy.limit("connections_per_second", undefined, now);
      const current = standing === "unknown" ? unknownShare(per_second) : per_second;
      return exceeded("connections_per_second", current, 1, 1);
    }
    if (isTrusted || !this.#isReconnection(ip, now)) return undefined;
    const { reconnections } = this.#addresses.get(ip)!;
    const limit = this.policy.limit("reconnections_per_minute", ip, now);
    if (reconnections.count(now) < limit) return undefined;
    const wait_seconds = Math.max(1, reconnections.secondsUntilBelow(limit, now));
    return exceeded("reconnections_per_minute", limit, WINDOW_SECONDS, wait_seconds);
  }

  /** Why there is no place for another connection; undefined if there is. */
  #noPlace(ip: string, standing: Standing, now: number): ApiError | undefined {
    const limit = this.policy.limit("connections", undefined, now);
    if (standing !== "unknown") {
      const most = knownShare(limit, standing, this.#isKeyRequired);
      const message = `The server has ${most} connections, which is its limit`;
      return this.#known < most ? undefined : noPlace(most, message);
    }
    const unknown = [...this.#connected].filter((one) => one.standing === "unknown");
    const most = unknownShare(limit);
    if (unknown.length >= most) {
      return noPlace(most, `${most} connections that have shown no API key are open, which is the limit`);
    }
    const here = addressShare(limit);
    const network = networkOf(ip);
    if (unknown.filter(({ client }) => networkOf(client) === network).length < here) return undefined;
    return noPlace(here, `${here} connections from ${network} have shown no API key, which is the limit`);
  }

  /** How many connections are not `unknown`. */
  get #known(): number {
    let count = 0;
    for (const { standing } of this.#connected) if (standing !== "unknown") count++;
    return count;
  }

  /** The buckets from which a connection takes. */
  #bucketsOf(ip: string, standing: Standing, now: number): TokenBucket[] {
    const rate = this.policy.limit("connections_per_second", undefined, now);
    for (
      const [bucket, capacity] of [
        [this.#connectionBucket, rate],
        [this.#unknownBucket, rate],
        [this.#reserveBucket, reserve(rate)],
      ] as const
    ) if (capacity !== bucket.capacity) bucket.resize(capacity);
    if (standing === "unknown") return [this.#unknownBucket, this.#unknownNetwork(ip).connections];
    const isReserved = standing === "privileged" && !this.#connectionBucket.has(now);
    return [isReserved ? this.#reserveBucket : this.#connectionBucket];
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
    const known = this.#known;
    if (this.policy.isOff(now) || known < most * CROWDED_SHARE) return [];
    const message = `${known} of ${most} connections are taken`;
    return [{ code: "CONNECTION_LIMIT_EXCEEDED", severity: "warning", message }];
  }

  /** The limits of a client that sends messages over HTTP: of its address and, if it has shown who it is, of itself. */
  http(ip: string, actor: Actor = ANONYMOUS, standing: Standing = "ordinary"): ClientLimits {
    const { http } = this.#address(ip);
    const key = actorKey(actor);
    const limits = http.get(key) ?? new ClientLimits(this, ip, standing);
    limits.standing = standing;
    http.delete(key);
    http.set(key, limits);
    if (http.size > HTTP_CLIENTS_MAX) http.delete(http.keys().next().value!);
    return limits;
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
      connections: usage("connections", this.#known, 0),
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
    const http = this.#addresses.get(client)?.http.values() ?? [];
    const fullest: Record<string, LimitUsage> = {};
    for (const one of [...this.#connected, ...http]) {
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
    const known: Address = this.#addresses.get(ip) ??
      { http: new Map(), reconnections: new SlidingWindow(), closed_ms: -Infinity };
    // Moved to the end, so that the first is the one unused for longest.
    this.#addresses.delete(ip);
    this.#addresses.set(ip, known);
    if (this.#addresses.size > ADDRESSES_MAX) this.#addresses.delete(this.#addresses.keys().next().value!);
    return known;
  }

  #unknownNetwork(ip: string): UnknownNetwork {
    const name = networkOf(ip);
    const now = this.clock.monotonic();
    const rate = this.policy.limit("connections_per_second", undefined, now);
    const burst = Math.max(1, Math.ceil(rate / UNKNOWN_BURST_PART));
    const known = this.#unknownNetworks.get(name) ?? {
      messages: [this.#unknownPool, { window: new SlidingWindow(), share: addressShare }],
      connections: new TokenBucket(burst, now, unknownShare(rate) / ADDRESSES_PER_POOL / burst),
    };
    this.#unknownNetworks.delete(name);
    this.#unknownNetworks.set(name, known);
    if (this.#unknownNetworks.size > ADDRESSES_MAX) {
      this.#unknownNetworks.delete(this.#unknownNetworks.keys().next().value!);
    }
    return known;
  }
}

function noPlace(most: number, message: string): ApiError {
  return new ApiError("CONNECTION_LIMIT_EXCEEDED", message, {
    limit: "connections",
    current_limit: most,
    retry_after_seconds: 1,
  });
}
