/** The limits in force: as configured, changed by an administrator, for one client, scaled by load, or suspended. */
import type { Actor } from "../domain/actor.ts";
import type { Config } from "../protocol/config.ts";
import { ApiError } from "../domain/errors.ts";
import { LIMIT_NAMES, type LimitName } from "../protocol/limits.ts";

export type LimitsConfig = Config["limits"];
export type LimitValues = Partial<Record<LimitName, number>>;

export interface Override {
  limits: LimitValues;
  /** Monotonic milliseconds; without it, the override stays. */
  until_ms?: number;
  by: Actor;
}

export interface Suspension {
  until_ms: number;
  reason?: string;
  by: Actor;
}

/** The limits that are lowered under overload: the rates of messages. */
const SCALED: readonly LimitName[] = [
  "global_messages_per_minute",
  "messages_per_minute",
  "burst_per_second",
];
const OVERRIDES_MAX = 1000;

/** All times are monotonic milliseconds. */
export class LimitPolicy {
  readonly #enabled: boolean;
  readonly #limits: Record<LimitName, number>;
  readonly #overrides = new Map<string, Override>();
  #suspended: Suspension | undefined;
  #setBy: Actor | undefined;
  /** What is left of the rates under overload, 0–1. */
  factor = 1;

  constructor(config: LimitsConfig) {
    this.#enabled = config.enabled;
    this.#limits = Object.fromEntries(LIMIT_NAMES.map((name) => [name, config[name]])) as Record<
      LimitName,
      number
    >;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  get limits(): Readonly<Record<LimitName, number>> {
    return this.#limits;
  }

  /** Whether the limits are off now. */
  isOff(now_ms: number): boolean {
    return !this.#enabled || this.suspension(now_ms) !== undefined;
  }

  suspension(now_ms: number): Suspension | undefined {
    if (this.#suspended && this.#suspended.until_ms <= now_ms) this.#suspended = undefined;
    return this.#suspended;
  }

  /** The value for this client now; without a client, for the server as a whole. */
  limit(name: LimitName, client: string | undefined, now_ms: number): number {
    const own = client === undefined ? undefined : this.#overrideOf(client, now_ms)?.limits[name];
    if (own !== undefined) return own;
    const limit = this.#limits[name];
    return SCALED.includes(name) ? Math.max(1, Math.floor(limit * this.factor)) : limit;
  }

  #overrideOf(client: string, now_ms: number): Override | undefined {
    const override = this.#overrides.get(client);
    if (override?.until_ms === undefined || override.until_ms > now_ms) return override;
    this.#overrides.delete(client);
  }

  *overrides(now_ms: number): Generator<[string, Override]> {
    for (const client of [...this.#overrides.keys()]) {
      const override = this.#overrideOf(client, now_ms);
      if (override) yield [client, override];
    }
  }

  /** Who changed the limits last; undefined while they are as configured. */
  get setBy(): Actor | undefined {
    return this.#setBy;
  }

  set(limits: LimitValues, by: Actor): void {
    Object.assign(this.#limits, limits);
    this.#setBy = by;
  }

  /** Replaces an earlier override of the client. Throws `INVALID_FIELD_VALUE` when there are too many. */
  override(client: string, override: Override, now_ms: number): void {
    const known = [...this.overrides(now_ms)].length;
    if (!this.#overrides.has(client) && known >= OVERRIDES_MAX) {
      throw new ApiError("INVALID_FIELD_VALUE", `There are ${known} overrides already; lift some first`, {
        field: "override",
        value: client,
        expected: `at most ${OVERRIDES_MAX} clients`,
      });
    }
    this.#overrides.set(client, override);
  }

  /** Returns false if there was none. */
  lift(client: string): boolean {
    return this.#overrides.delete(client);
  }

  suspend(until_ms: number, reason: string | undefined, by: Actor): void {
    this.#suspended = { until_ms, reason, by };
  }

  resume(): void {
    this.#suspended = undefined;
  }
}
