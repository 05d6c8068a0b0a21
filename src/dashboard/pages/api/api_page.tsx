/** The use of the API: requests, response times and errors. */
import type { Metrics } from "../../../protocol/system_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask } from "../../data/server.ts";
import { usePlace } from "../../hash_location.ts";
import { count, latency, percent } from "../../../protocol/formats.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Segments } from "../../ui/segments.tsx";
import { Refresh } from "../../ui/refresh.tsx";
import "./api.css";

const EVERY_MS = 15_000;
const RANGES = { "1m": "1 min", "15m": "15 min", "1h": "1 hour", "6h": "6 hours", "24h": "24 hours" };
const USUAL = "1h";

export function ApiPage() {
  const [place, setPlace] = usePlace();
  const asked = place.get("range") ?? USUAL;
  const range = Object.hasOwn(RANGES, asked) ? asked : USUAL;
  const question = async () => (await ask("request_metrics", { time_range: range })).data;
  const answer = useAnswer(question, EVERY_MS, range);
  const { value, error } = answer;
  return (
    <Page
      class="api-page"
      actions={<Refresh at={value?.timestamp} answer={answer} />}
    >
      <div class="head">
        <Segments
          label="Time range"
          choices={Object.entries(RANGES).map(([value, name]) => ({ value, name }))}
          chosen={range}
          choose={(value) => setPlace({ range: value === USUAL ? "" : value })}
        />
        <div class="buttons">
          <a href="docs">API reference</a>
          <a href="metrics" target="_blank" rel="noopener">As Prometheus text</a>
        </div>
      </div>
      {error !== undefined && <Problem what="The metrics cannot be shown" error={error} />}
      {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {value && error === undefined && (
        <div class="stack" aria-busy={value.time_range !== range}>
          <Figures metrics={value} />
          <div class="grid-2">
            <Latency metrics={value} />
            <Usage usage={value.endpoint_usage} total={value.requests_total} />
          </div>
        </div>
      )}
    </Page>
  );
}

function Figures({ metrics }: { metrics: Metrics }) {
  const { requests_total, requests_per_second, error_rate_percent, client_connections } = metrics;
  const { current, peak_today, total_today } = client_connections;
  const failed = requests_total === 0 ? "no requests" : percent(error_rate_percent);
  const figures: [name: string, value: string, more: string][] = [
    ["Requests", count(requests_total), `in the last ${nameOf(metrics.time_range)}`],
    ["Rate", `${requests_per_second}/s`, "on average"],
    ["Errors", failed, "answered with an error"],
    ["Connections", String(current), `now; today (UTC): peak ${peak_today}, total ${total_today}`],
  ];
  return (
    <ul class="figures" aria-label="Figures">
      {figures.map(([name, value, more]) => (
        <li key={name} class={`card${name === "Errors" && error_rate_percent >= 5 ? " is-alarming" : ""}`}>
          <span class="muted">{name}</span>
          <strong class="figure">{value}</strong>
          <span class="muted">{more}</span>
        </li>
      ))}
    </ul>
  );
}

function nameOf(range: string): string {
  const name = (RANGES as Record<string, string>)[range] ?? range;
  return name.replace(/^1 /, "");
}

function Latency({ metrics }: { metrics: Metrics }) {
  const { average_response_time_ms, latency_percentiles_ms: { p50, p90, p99 } } = metrics;
  const rows: [string, number][] = [
    ["Half within", p50],
    ["90 % within", p90],
    ["99 % within", p99],
  ];
  return (
    <section class="card" aria-labelledby="latency">
      <h2 id="latency">Response time</h2>
      {metrics.requests_total === 0 ? <p class="muted">No requests in this time range.</p> : (
        <>
          <p class="average">
            <strong class="figure">{latency(average_response_time_ms)}</strong>{" "}
            <span class="muted">on average</span>
          </p>
          <Bars
            rows={rows.map(([name, value]) => ({ name, value, text: latency(value) }))}
            most={p99}
            color="--s2"
          />
        </>
      )}
    </section>
  );
}

function Usage({ usage, total }: { usage: Record<string, number>; total: number }) {
  const rows = Object.entries(usage).sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  return (
    <section class="card" aria-labelledby="usage">
      <h2 id="usage">Requests by type</h2>
      {rows.length === 0 && <p class="muted">No requests in this time range.</p>}
      <Bars
        rows={rows.map(([name, value]) => ({
          name,
          value,
          text: `${count(value)} · ${percent(100 * value / total)}`,
        }))}
        most={rows[0]?.[1] ?? 1}
        color="--s2"
        isCode
      />
    </section>
  );
}

interface BarsProps {
  rows: readonly { name: string; value: number; text: string }[];
  most: number;
  color: string;
  isCode?: boolean;
}

function Bars({ rows, most, color, isCode = false }: BarsProps) {
  return (
    <ul class="bars">
      {rows.map(({ name, value, text }) => (
        <li key={name}>
          <span class={`clip${isCode ? " mono" : ""}`} title={name}>{name}</span>
          <span class="figure">{text}</span>
          <span class="bar" aria-hidden="true">
            <span style={{ width: `${most > 0 ? 100 * value / most : 0}%`, background: `var(${color})` }} />
          </span>
        </li>
      ))}
    </ul>
  );
}
