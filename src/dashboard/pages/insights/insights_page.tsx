/** What turns have used: cost and tokens by day, and by agent, model, project, owner or type. */
import { useState } from "preact/hooks";
import { costText, count, counted, duration, percent } from "../../../protocol/formats.ts";
import type { Reply } from "../../../protocol/messages.ts";
import type { UsageGroup } from "../../../protocol/usage_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask } from "../../data/server.ts";
import { Chart } from "../../ui/chart.tsx";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Segments } from "../../ui/segments.tsx";
import { dayIn, OWN_ZONE } from "../../ui/zone.ts";
import { now } from "../../ui/time.tsx";
import { byDay, daysBefore, type Group, type Unit, valueOf } from "./groups.ts";
import "./insights.css";

const AGAIN_AFTER_MS = 60_000;

type Key = Exclude<UsageGroup, "day">;
const KEYS: readonly { value: Key; name: string }[] = [
  { value: "agent", name: "Agent" },
  { value: "model", name: "Model" },
  { value: "project", name: "Project" },
  { value: "owner", name: "Owner" },
  { value: "type", name: "Type" },
];
const SPANS = [
  { value: "7", name: "7 days" },
  { value: "30", name: "30 days" },
  { value: "90", name: "90 days" },
] as const;
const UNITS: readonly { value: Unit; name: string }[] = [
  { value: "cost", name: "Cost" },
  { value: "tokens", name: "Tokens" },
];

export function InsightsPage() {
  const [key, setKey] = useState<Key>("agent");
  const [span, setSpan] = useState<typeof SPANS[number]["value"]>("30");
  const [unit, setUnit] = useState<Unit>("cost");
  const { value, error } = useAnswer(
    () => {
      const start = daysBefore(dayIn(now.peek(), OWN_ZONE), Number(span));
      return ask("request_usage", { group_by: ["day", key], start });
    },
    AGAIN_AFTER_MS,
    `${key} ${span}`,
  );
  return (
    <Page
      class="insights-page"
      bar={
        <div class="insights-choices">
          <Segments label="Time" choices={SPANS} chosen={span} choose={setSpan} />
          <Segments label="Sum up by" choices={KEYS} chosen={key} choose={setKey} />
        </div>
      }
    >
      {value === undefined && error !== undefined && (
        <Problem what="The usage cannot be shown" error={error} />
      )}
      {value && value.totals.turns === 0 && (
        <div class="card empty">
          <strong>Nothing was used in this time</strong>
          <p>Once an agent has ended a turn, its tokens, cost and time are shown here.</p>
        </div>
      )}
      {value && value.totals.turns > 0 && (
        <Usage report={value} of={key} days={Number(span)} unit={unit} choose={setUnit} />
      )}
    </Page>
  );
}

interface UsageProps {
  report: Reply<"request_usage">;
  of: Key;
  days: number;
  unit: Unit;
  choose: (unit: Unit) => void;
}

function Usage({ report: { rows, totals, today }, of: key, days, unit, choose }: UsageProps) {
  const shown = byDay(rows, key, unit, daysBefore(today, days - 1), today);
  const tokens = valueOf(totals, "tokens");
  const format = unit === "cost"
    ? (value: number) => costText({ cost_usd: value, cost_source: "reported" })
    : count;
  const spent = rows.filter(({ day }) => day === today).reduce((sum, { cost_usd }) => sum + cost_usd, 0);
  return (
    <>
      <dl class="insights-figures">
        <Figure
          name="Cost"
          value={costText(totals)}
          more={`${costText({ cost_usd: spent, cost_source: "reported" })} today`}
        />
        <Figure
          name="Tokens"
          value={count(tokens)}
          more={`${percent(tokens === 0 ? 0 : (100 * totals.cached_tokens) / tokens)} from cache`}
        />
        <Figure name="Turns" value={count(totals.turns)} more={`in ${counted(totals.tasks, "task")}`} />
        <Figure name="Time" value={duration(totals.duration_ms)} more="of agents at work" />
      </dl>
      <section class="card" aria-labelledby="per-day">
        <header class="insights-head">
          <h2 id="per-day">{unit === "cost" ? "Cost" : "Tokens"} per day</h2>
          <Segments label="What is shown" choices={UNITS} chosen={unit} choose={choose} />
        </header>
        <Chart
          key={unit}
          isBars
          isDays
          label={`${unit === "cost" ? "Cost" : "Tokens"} per day by ${key}`}
          times={shown.times}
          series={shown.series}
          format={format}
          height={220}
        />
      </section>
      <Table groups={shown.groups} of={key} unit={unit} />
    </>
  );
}

function Figure({ name, value, more }: { name: string; value: string; more: string }) {
  return (
    <div class="card">
      <dt>{name}</dt>
      <dd class="figure">{value}</dd>
      <dd class="muted">{more}</dd>
    </div>
  );
}

function Table({ groups, of: key, unit }: { groups: readonly Group[]; of: Key; unit: Unit }) {
  const most = Math.max(...groups.map(({ sums }) => valueOf(sums, unit)), 0);
  return (
    <section class="card" aria-labelledby="by-key">
      <h2 id="by-key">By {key}</h2>
      <div class="table-scroll" role="region" aria-label={`Usage by ${key}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{KEYS.find(({ value }) => value === key)!.name}</th>
              <th scope="col" class="number">Cost</th>
              <th scope="col" class="number">Input</th>
              <th scope="col" class="number">Cached</th>
              <th scope="col" class="number">Output</th>
              <th scope="col" class="number">Turns</th>
              <th scope="col" class="number">Time</th>
            </tr>
          </thead>
          <tbody>
            {groups.map(({ name, color, sums }) => (
              <tr key={name}>
                <th scope="row">
                  <span class="insights-name">
                    <i style={{ background: `var(${color})` }} aria-hidden="true" />
                    {name}
                  </span>
                  <span class="insights-share" aria-hidden="true">
                    <span style={{ width: `${most === 0 ? 0 : (100 * valueOf(sums, unit)) / most}%` }} />
                  </span>
                </th>
                <td class="number figure">{costText(sums)}</td>
                <td class="number figure">{count(sums.input_tokens)}</td>
                <td class="number figure">{count(sums.cached_tokens)}</td>
                <td class="number figure">{count(sums.output_tokens)}</td>
                <td class="number figure">{count(sums.turns)}</td>
                <td class="number figure">{duration(sums.duration_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted">
        {"~ is an estimate from the prices of the configuration, ≥ a sum of which not everything is known, ? is unknown."}
      </p>
    </section>
  );
}
