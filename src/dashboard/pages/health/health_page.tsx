/** The server's parts, its problems with what to do, and this page's connection. */
import { CircleCheck, CircleX, TriangleAlert } from "lucide-preact";
import { systemClock } from "../../../clock/clock.ts";
import { ERRORS } from "../../../domain/errors.ts";
import type { ComponentStatus, Health, HealthIssue } from "../../../protocol/system_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { connectionStatus } from "../../data/machine.ts";
import { ask, link } from "../../data/server.ts";
import { duration } from "../../../protocol/formats.ts";
import { Problem } from "../../ui/problem.tsx";
import { Ago } from "../../ui/time.tsx";
import "./health.css";
import { Page } from "../../ui/page.tsx";
import { Refresh } from "../../ui/refresh.tsx";

const EVERY_MS = 20_000;

const COMPONENTS: Record<string, { name: string; does: string }> = {
  websocket_server: { name: "Connections", does: "Clients reach the server" },
  task_manager: { name: "Tasks", does: "Tasks are started and supervised" },
  process_monitoring: { name: "Processes", does: "Agents' processes are monitored" },
  file_monitoring: { name: "Disk", does: "There is space for the data" },
  database: { name: "Store", does: "Changes are stored" },
};

const STATES: Record<ComponentStatus, { name: string; icon: typeof CircleCheck; overall: string }> = {
  healthy: { name: "Healthy", icon: CircleCheck, overall: "Everything works" },
  degraded: { name: "Degraded", icon: TriangleAlert, overall: "Something needs attention" },
  unhealthy: { name: "Unhealthy", icon: CircleX, overall: "Something does not work" },
};

interface Checked {
  health: Health;
  round_trip_ms: number;
}

async function check(): Promise<Checked> {
  const { data } = await ask("request_system_health");
  const begun = systemClock.monotonic();
  await ask("ping");
  return { health: data, round_trip_ms: systemClock.monotonic() - begun };
}

export function HealthPage() {
  const answer = useAnswer(check, EVERY_MS);
  const { value, error } = answer;
  return (
    <Page
      class="health-page"
      actions={<Refresh name="Check now" at={value?.health.last_health_check} answer={answer} />}
    >
      {error !== undefined && <Problem what="The server's health cannot be shown" error={error} />}
      {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {value && <Report health={value.health} />}
      <Connection round_trip_ms={value?.round_trip_ms} />
    </Page>
  );
}

function Report({ health }: { health: Health }) {
  const { overall_status, components, issues, uptime_seconds } = health;
  const { name, icon: Icon, overall } = STATES[overall_status];
  return (
    <>
      <section class={`card overall is-${overall_status}`} aria-label="Overall" role="status">
        <Icon size={36} aria-hidden="true" />
        <div>
          <strong>{overall}</strong>
          <span>{name}, up for {duration(1000 * uptime_seconds)}</span>
        </div>
      </section>
      <ul class="components" aria-label="Parts of the server">
        {Object.entries(components).map(([component, status]) => (
          <Component key={component} component={component} status={status} />
        ))}
      </ul>
      <section aria-labelledby="issues">
        <h2 id="issues">Issues</h2>
        {issues.length === 0
          ? (
            <div class="card empty">
              <strong>Nothing is wrong</strong>Problems appear here, with what to do.
            </div>
          )
          : (
            <ul class="issues">
              {issues.map((issue) => <Issue key={`${issue.component} ${issue.code}`} issue={issue} />)}
            </ul>
          )}
      </section>
    </>
  );
}

function Component({ component, status }: { component: string; status: ComponentStatus }) {
  const { name, icon: Icon } = STATES[status];
  const known = COMPONENTS[component];
  return (
    <li class={`card component is-${status}`}>
      <Icon size={20} aria-hidden="true" />
      <div>
        <strong>{known?.name ?? component}</strong>
        {known && <span class="muted">{known.does}</span>}
      </div>
      <span class="component-state">{name}</span>
    </li>
  );
}

/** What to do about an issue, by its code, unless the message says so already. */
const REMEDIES: Record<string, string> = {
  SERVICE_UNAVAILABLE:
    "Start the server with the permission or the program that the message names. opencode-agents doctor shows what is missing.",
  DISK_SPACE_EXCEEDED: "Free space on the disk that holds the data folder. Writing then resumes by itself.",
  DATABASE_ERROR: "Read the server's log. opencode-agents doctor checks the store.",
  DATABASE_CONNECTION_ERROR: "Check whether another program locks the store's file or its disk is slow.",
  CONNECTION_LIMIT_EXCEEDED: "Close clients that are not needed, or raise the limit on the Limits page.",
  HEALTH_CHECK_FAILED: "Check whether another program locks the store's file or the machine is overloaded.",
  HEARTBEAT_TIMEOUT: "Read the agent's log. Cancel its task if the agent does not recover.",
  UNEXPECTED_ERROR: "Report the stack in the server's log: it is a fault of this program.",
  MEMORY_LIMIT_EXCEEDED: "Wait for tasks to end, or raise limits.max_memory_bytes in the configuration file.",
};

function Issue({ issue }: { issue: HealthIssue }) {
  const { code, component, severity, message, since } = issue;
  const remedy = REMEDIES[code];
  const meaning = (ERRORS as Record<string, { when: string } | undefined>)[code]?.when;
  return (
    <li class={`card issue is-${severity === "critical" ? "unhealthy" : "degraded"}`}>
      <header>
        <span class="issue-severity">{severity}</span>
        <code>{code}</code>
        <span class="muted">
          {COMPONENTS[component]?.name ?? component}, since <Ago iso={since} />
        </span>
      </header>
      <p>{message}</p>
      {remedy === undefined ? meaning && <p class="muted">{meaning}</p> : (
        <p class="muted">
          <b>What to do:</b> {remedy}
        </p>
      )}
    </li>
  );
}

const LINKS = { connecting: "Connecting", connected: "Connected", lost: "Lost" };

function Connection({ round_trip_ms }: { round_trip_ms: number | undefined }) {
  const status = connectionStatus.value;
  const { state } = link.value;
  const pace = status?.status === "degraded" ? "behind: unread messages are queued" : "keeps up";
  const facts: [string, string | undefined][] = [
    ["This page", LINKS[state]],
    ["Round trip", round_trip_ms === undefined ? undefined : duration(round_trip_ms)],
    ["Delivery to this page", status && pace],
    ["Messages waiting", status && String(status.message_queue_size)],
    ["Clients connected", status && String(status.client_count)],
  ];
  return (
    <section class="card" aria-labelledby="connection">
      <h2 id="connection">Connection</h2>
      <dl class="connection-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt class="muted">{name}</dt>
            <dd class="figure">{value ?? <span class="muted">not reported yet</span>}</dd>
          </div>
        ))}
        <div>
          <dt class="muted">Last ping</dt>
          <dd>
            {status?.last_ping ? <Ago iso={status.last_ping} /> : <span class="muted">not reported yet</span>}
          </dd>
        </div>
      </dl>
    </section>
  );
}
