/** What administrators can see and change of the limits. */
import { getLogger } from "@logtape/logtape";
import { isoTime } from "../clock/clock.ts";
import { type Actor, actorName } from "../domain/actor.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { LimitPolicyView, LimitReport } from "../protocol/limit_messages.ts";
import type { LimitName, LimitUsage } from "../protocol/limits.ts";
import type { Request } from "../protocol/messages.ts";
import { recordAction } from "../store/audit/audited_action.ts";
import type { RateLimits } from "./limits.ts";
import type { LoadScaling } from "./load_scale.ts";

const log = getLogger(["opencode-agents", "security"]);

const MINUTE_MS = 60_000;
/** How many of the top clients are reported with the usage of each limit. */
const USAGE_CLIENTS = 10;

type Query = Omit<Request<"request_rate_limits">, "type" | "request_id">;
type Change = Omit<Request<"update_rate_limits">, "type" | "request_id">;

export class LimitControl {
  readonly #limits: RateLimits;
  readonly #scaling: LoadScaling;

  constructor(limits: RateLimits, scaling: LoadScaling) {
    this.#limits = limits;
    this.#scaling = scaling;
  }

  report({ client, minutes, top }: Query): LimitReport {
    const { clock, history } = this.#limits;
    const now = clock.monotonic();
    const found = history.top(Infinity, minutes, now).filter((one) =>
      client === undefined || one.client === client
    );
    const top_clients = found.slice(0, top).map((one) => ({
      ...one,
      connections: this.#limits.connectionsOf(one.client),
    }));
    const minute = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
    const counted = history.history(minutes, client, now);
    return {
      ...this.policy(),
      usage: this.#usage(client, top_clients.map((one) => one.client)),
      history: counted.map((counts, i) => ({
        minute: isoTime(minute - (counted.length - 1 - i) * MINUTE_MS),
        ...counts,
      })),
      top_clients,
      violations: history.violations(minutes, client, now).map(({ at_ms, ...one }) => ({
        time: this.#wallTime(at_ms),
        ...one,
      })),
      violations_by_limit: history.byLimit(minutes, now),
      timestamp: isoTime(clock.now()),
    };
  }

  #usage(client: string | undefined, top: string[]): LimitReport["usage"] {
    const row = (scope: "server" | "client", whose?: string) => ([name, usage]: [string, LimitUsage]) => ({
      limit: name as LimitName,
      scope,
      client: whose,
      current: usage.current,
      maximum: usage.limit,
      reset_time: usage.reset_time,
    });
    const clients = client === undefined ? top.slice(0, USAGE_CLIENTS) : [client];
    return [
      ...Object.entries(this.#limits.usage()).map(row("server")),
      ...clients.flatMap((one) => Object.entries(this.#limits.usageOf(one)).map(row("client", one))),
    ];
  }

  policy(): LimitPolicyView {
    const { clock, policy } = this.#limits;
    const now = clock.monotonic();
    const suspension = policy.suspension(now);
    return {
      enabled: policy.enabled,
      suspended: suspension && {
        until: this.#wallTime(suspension.until_ms),
        reason: suspension.reason,
        by: suspension.by,
      },
      scaling: { enabled: this.#scaling.enabled, factor: policy.factor },
      limits: { ...policy.limits },
      limits_by: policy.setBy,
      overrides: [...policy.overrides(now)].map(([client, { limits, until_ms, by }]) => ({
        client,
        limits,
        until: until_ms === undefined ? undefined : this.#wallTime(until_ms),
        by,
      })),
    };
  }

  /** Applies all of the change or none of it. `client`: the address of the caller. Rejects with `ApiError`. */
  async change(change: Change, by: Actor, client: string): Promise<LimitPolicyView> {
    const { clock, policy } = this.#limits;
    const now = clock.monotonic();
    const { limits, override, lift_override, suspend, resume, scaling } = change;
    const asked = { limits, override, lift_override, suspend, resume, scaling };
    const names = Object.keys(asked) as (keyof typeof asked)[];
    if (names.every((name) => asked[name] === undefined)) {
      const message = `Nothing to change: give at least one of ${names.join(", ")}`;
      throw fieldProblem("MISSING_REQUIRED_FIELD", "limits", undefined, names, message);
    }
    if (
      lift_override !== undefined && ![...policy.overrides(now)].some(([client]) => client === lift_override)
    ) {
      const known = [...policy.overrides(now)].map(([client]) => client);
      const message = `Client '${lift_override}' has no override`;
      throw fieldProblem("INVALID_FIELD_VALUE", "lift_override", lift_override, known, message);
    }
    await recordAction();
    if (override) {
      const until_ms = override.seconds === undefined ? undefined : now + 1000 * override.seconds;
      policy.override(override.client, { limits: override.limits, until_ms, by }, now);
    }
    if (lift_override !== undefined) policy.lift(lift_override);
    if (limits) policy.set(limits, by);
    if (resume) policy.resume();
    if (suspend) policy.suspend(now + 1000 * suspend.seconds, suspend.reason, by);
    if (scaling) scaling.enabled ? this.#scaling.start(scaling.minimum) : this.#scaling.stop();
    const who = actorName(by);
    log.warn("Limits changed by {who} from {client}: {change}", { who, client, by, change: asked });
    return this.policy();
  }

  /** A monotonic moment as wall-clock time. */
  #wallTime(at_ms: number): string {
    const { clock } = this.#limits;
    return isoTime(clock.now() + at_ms - clock.monotonic());
  }
}
