/** The health of the server: collects the findings of each component. */
import { type Clock, isoTime, within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { ComponentStatus, Health, HealthFinding } from "../protocol/system_messages.ts";

/** A check that takes longer is itself a finding. */
const CHECK_MS = 3000;
/** Within this time the last results are used again. */
const FRESH_MS = 500;

const RANK: Record<ComponentStatus, number> = { healthy: 0, degraded: 1, unhealthy: 2 };

export class HealthMonitor {
  readonly #clock: Clock;
  readonly #checks: Readonly<Record<string, () => Promise<HealthFinding[]> | HealthFinding[]>>;
  readonly #started_ms: number;
  /** When each finding was first seen. */
  #since = new Map<string, string>();
  #last: { at_ms: number; health: Promise<Health> } | undefined;

  /** `checks`: component → the function that returns its findings. */
  constructor(
    clock: Clock,
    checks: Readonly<Record<string, () => Promise<HealthFinding[]> | HealthFinding[]>>,
  ) {
    this.#clock = clock;
    this.#checks = checks;
    this.#started_ms = clock.monotonic();
  }

  /** Runs the checks. Callers that ask at the same time share one run. */
  check(): Promise<Health> {
    const now = this.#clock.monotonic();
    if (!this.#last || now - this.#last.at_ms > FRESH_MS) {
      this.#last = { at_ms: now, health: this.#checkAll() };
    }
    return this.#last.health;
  }

  async #checkAll(): Promise<Health> {
    const found = await Promise.all(
      Object.entries(this.#checks).map(async ([component, check]) => ({
        component,
        findings: await this.#ask(check),
      })),
    );
    const at = isoTime(this.#clock.now());
    const since = new Map<string, string>();
    const issues = found.flatMap(({ component, findings }) =>
      findings.map((finding) => {
        const key = `${component} ${finding.code}`;
        since.set(key, this.#since.get(key) ?? at);
        return { ...finding, component, since: since.get(key)! };
      })
    );
    this.#since = since;
    const components = Object.fromEntries(
      found.map(({ component, findings }) => [component, statusOf(findings)]),
    );
    return {
      overall_status: worst(Object.values(components)),
      components,
      uptime_seconds: Math.floor((this.#clock.monotonic() - this.#started_ms) / 1000),
      last_health_check: at,
      issues,
    };
  }

  async #ask(check: () => Promise<HealthFinding[]> | HealthFinding[]): Promise<HealthFinding[]> {
    const late: HealthFinding[] = [{
      code: "HEALTH_CHECK_FAILED",
      severity: "critical",
      message: `No answer within ${CHECK_MS} ms`,
    }];
    try {
      return await within(this.#clock, CHECK_MS, Promise.resolve(check()), late);
    } catch (error) {
      const message = (error as Error).message;
      if (!(error instanceof ApiError)) {
        return [{ code: "HEALTH_CHECK_FAILED", severity: "critical", message }];
      }
      // A missing permission is the operator's choice. What is permitted must work.
      const severity = error.details.permission === undefined ? "critical" : "warning";
      return [{ code: error.code, severity, message }];
    }
  }
}

function statusOf(findings: HealthFinding[]): ComponentStatus {
  if (findings.some((finding) => finding.severity === "critical")) return "unhealthy";
  return findings.length > 0 ? "degraded" : "healthy";
}

function worst(statuses: ComponentStatus[]): ComponentStatus {
  return statuses.reduce((a, b) => RANK[b] > RANK[a] ? b : a, "healthy");
}
