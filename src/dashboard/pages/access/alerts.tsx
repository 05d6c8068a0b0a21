/** Likely attacks, the newest first: what the server's log has of them. */
import type { LogEntry } from "../../../domain/log_entry.ts";
import type { SecurityAlert } from "../../../protocol/pushes.ts";
import { ask } from "../../data/server.ts";
import { Ago } from "../../ui/time.tsx";

/** The newest alerts shown; Logs has all. */
const SHOWN = 20;
/** Other lines about security may be among them. */
const LOOKED_AT = 200;

type AlertType = SecurityAlert["alert_type"];

const WORDS: Record<AlertType, string> = {
  authentication_failure: "Wrong keys",
  authorization_denied: "Requests beyond a key's permissions",
  rate_limit_exceeded: "Requests beyond the limits",
  suspicious_activity: "Requests by pages of other origins",
  certificate_error: "A certificate or a handshake that failed",
  brute_force_attempt: "Guessing at keys; more guesses are refused for a while",
};

export async function recentAlerts(): Promise<LogEntry[]> {
  const filter = { agent: "server", source_file: "security", level: "warn" as const };
  const { data } = await ask("request_log_entries", { filter, limit: LOOKED_AT });
  return data.entries.filter(({ details }) => isAlert(details?.alert_type)).slice(0, SHOWN);
}

function isAlert(type: unknown): type is AlertType {
  return typeof type === "string" && Object.hasOwn(WORDS, type);
}

export function Alerts({ alerts }: { alerts: readonly LogEntry[] }) {
  return (
    <section class="card" aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      {alerts.length === 0
        ? <p class="muted">Nothing looked like an attack.</p>
        : (
          <div class="table-scroll" role="region" aria-label="The newest alerts" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">What</th>
                  <th scope="col">From</th>
                  <th scope="col">Severity</th>
                </tr>
              </thead>
              <tbody>
                {alerts.map((alert, i) => <AlertRow key={`${alert.time} ${i}`} alert={alert} />)}
              </tbody>
            </table>
          </div>
        )}
    </section>
  );
}

function AlertRow({ alert: { time, details = {} } }: { alert: LogEntry }) {
  const { alert_type, client_ip, severity, reason } = details;
  return (
    <tr>
      <td>
        <Ago iso={time} />
      </td>
      <td>
        {WORDS[alert_type as AlertType]}
        {typeof reason === "string" && <div class="muted">{reason}</div>}
      </td>
      <td>{String(client_ip)}</td>
      <td>{String(severity)}</td>
    </tr>
  );
}
