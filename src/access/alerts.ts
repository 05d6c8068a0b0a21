/** Detects likely attacks. Raises at most one alert per client and kind within a period. */
import { type Clock, isoTime } from "../clock/clock.ts";
import type { SecurityAlert } from "../protocol/pushes.ts";
import { networkOf } from "./networks.ts";
import { SlidingWindow, WINDOW_SECONDS } from "./windows.ts";

type AlertType = SecurityAlert["alert_type"];

/** How many within a minute raise an alert. */
const THRESHOLDS: Partial<Record<AlertType, { attempts: number; severity: SecurityAlert["severity"] }>> = {
  /** Messages refused for a limit. */
  rate_limit_exceeded: { attempts: 100, severity: "medium" },
  /** Wrong keys. */
  authentication_failure: { attempts: 3, severity: "medium" },
  /** Raised when an address is blocked. */
  brute_force_attempt: { attempts: 1, severity: "high" },
  /** Failed handshakes, and what is wrong with the server's own certificate. */
  certificate_error: { attempts: 1, severity: "medium" },
  authorization_denied: { attempts: 5, severity: "medium" },
  /** Requests from other origins or for other host names: what an attacking web page would send. */
  suspicious_activity: { attempts: 10, severity: "high" },
};
const QUIET_MS = 300_000;
/** How many clients are watched. The one noticed longest ago is forgotten first. */
const WATCHED_MAX = 1000;

interface Watched {
  attempts: SlidingWindow;
  told_ms: number;
}

export class SecurityWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  readonly #raise: (alert: SecurityAlert) => void;

  constructor(clock: Clock, raise: (alert: SecurityAlert) => void) {
    this.#clock = clock;
    this.#raise = raise;
  }

  /** `details`: what else is known about this attempt. */
  note(alert_type: AlertType, client_ip: string, details: Record<string, unknown> = {}): void {
    const threshold = THRESHOLDS[alert_type];
    if (!threshold) return;
    const now_ms = this.#clock.monotonic();
    // Whoever has a network of IPv6 has more addresses than anyone could watch one by one.
    const network = networkOf(client_ip);
    const watched = this.#of(`${alert_type} ${network}`);
    watched.attempts.add(now_ms);
    const attempts = watched.attempts.count(now_ms);
    if (attempts < threshold.attempts || now_ms - watched.told_ms < QUIET_MS) return;
    watched.told_ms = now_ms;
    this.#raise({
      type: "security_alert",
      alert_type,
      severity: threshold.severity,
      details: {
        client_ip,
        ...network !== client_ip && { network },
        attempts,
        time_window: WINDOW_SECONDS,
        ...details,
      },
      timestamp: isoTime(this.#clock.now()),
    });
  }

  #of(key: string): Watched {
    const watched = this.#watched.get(key) ?? { attempts: new SlidingWindow(), told_ms: -Infinity };
    this.#watched.delete(key);
    this.#watched.set(key, watched);
    if (this.#watched.size > WATCHED_MAX) this.#watched.delete(this.#watched.keys().next().value!);
    return watched;
  }
}
