/** The machine's processors, memory, disk and network: now, and since this page was opened. */
import type { ComponentChildren } from "preact";
import { epochOf } from "../../../clock/clock.ts";
import type { SystemResources } from "../../../protocol/resources.ts";
import { useAnswer } from "../../data/answer.ts";
import { addResources, resources } from "../../data/machine.ts";
import { ask } from "../../data/server.ts";
import { Chart, type Series } from "../../ui/chart.tsx";
import { bytes, counted, duration, percent, timeOfDay } from "../../../protocol/formats.ts";
import { Problem } from "../../ui/problem.tsx";
import { ratesOf } from "./rates.ts";
import "./system.css";
import { Page } from "../../ui/page.tsx";

/** Loads the first sample. Later ones arrive as pushes. */
async function first(): Promise<void> {
  if (resources.value.length === 0) addResources((await ask("request_system_resources")).data);
}

export function SystemPage() {
  const { error } = useAnswer(first, 0);
  const samples = resources.value;
  const last = samples.at(-1);
  return (
    <Page
      class="system-page"
      actions={last && <span class="muted figure">as of {timeOfDay(last.timestamp)}</span>}
    >
      {last === undefined && error !== undefined && (
        <Problem what="The machine's resources cannot be read" error={error} />
      )}
      {last === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {last && <Tiles last={last} samples={samples} />}
      {last && <Charts samples={samples} />}
    </Page>
  );
}

const perSecond = (value: number) => `${bytes(value)}/s`;
const count = (value: number) => String(Math.round(value * 100) / 100);

/** Why a figure may be absent. */
const ABSENT = {
  network: "The server cannot read the counters: it needs --allow-run for `ip` (macOS: `netstat`).",
  load: "The system has no such figure, or the server lacks --allow-sys.",
  uptime: "The server lacks --allow-sys.",
  processes: "The server cannot list processes: the Health page says why.",
};

function Tiles({ last, samples }: { last: SystemResources; samples: readonly SystemResources[] }) {
  const { cpu_cores, cpu_frequency, load_average, uptime_seconds, active_processes, claude_processes } = last;
  const [received, sent] = (["bytes_recv", "bytes_sent"] as const).map((counter) =>
    ratesOf(samples.slice(-2), counter).at(-1)
  );
  const cores = cpu_cores === undefined ? undefined : counted(cpu_cores, "core");
  const frequency = cpu_frequency === undefined ? undefined : `${(cpu_frequency / 1000).toFixed(1)} GHz`;
  return (
    <ul class="tiles" aria-label="The machine now">
      <Tile name="Processor" share={last.cpu_usage} value={percent(last.cpu_usage)}>
        {[cores, frequency].filter(Boolean).join(", ") || "cores not known"}
      </Tile>
      <Tile name="Memory" share={last.memory_usage} value={percent(last.memory_usage)}>
        {bytes(last.memory_used)} of {bytes(last.memory_total)}
      </Tile>
      <Tile name="Disk" share={last.disk_usage} value={percent(last.disk_usage)}>
        {last.disk_free === undefined
          ? `${bytes(last.disk_used)} of ${bytes(last.disk_total)}`
          : `${bytes(last.disk_free)} of ${bytes(last.disk_total)} free`}
      </Tile>
      <Tile
        name="Network"
        absent={last.network_stats === undefined ? ABSENT.network : undefined}
        value={received == null ? "…" : `↓ ${perSecond(received)}`}
      >
        {sent == null ? "the rate needs two samples" : `↑ ${perSecond(sent)}`}
      </Tile>
      <Tile
        name="Load"
        value={count(load_average?.[0] ?? 0)}
        absent={load_average === undefined ? ABSENT.load : undefined}
      >
        {load_average && `${count(load_average[1])} in 5 min, ${count(load_average[2])} in 15`}
      </Tile>
      <Tile
        name="Processes"
        value={String(active_processes)}
        absent={active_processes === undefined ? ABSENT.processes : undefined}
      >
        {claude_processes} of agents
      </Tile>
      <Tile
        name="Up for"
        value={duration(1000 * (uptime_seconds ?? 0))}
        absent={uptime_seconds === undefined ? ABSENT.uptime : undefined}
      >
        since the machine started
      </Tile>
    </ul>
  );
}

interface TileProps {
  name: string;
  value: string;
  /** 0–100, shown as a bar. */
  share?: number;
  /** Why there is no figure, if there is none. */
  absent?: string | undefined;
  children: ComponentChildren;
}

/** From these shares on a figure is highlighted. */
const HIGH = 75;
const FULL = 90;

function Tile({ name, value, share, absent, children }: TileProps) {
  const level = share === undefined || share < HIGH ? "fine" : share < FULL ? "high" : "full";
  return (
    <li class="card tile">
      <span class="muted">{name}</span>
      {absent === undefined
        ? (
          <>
            <strong class="figure">{value}</strong>
            {share !== undefined && (
              <span class={`tile-bar is-${level}`} aria-hidden="true">
                <span style={{ width: `${share}%` }} />
              </span>
            )}
            <span class="muted tile-more">{children}</span>
          </>
        )
        : (
          <>
            <strong>Not available</strong>
            <span class="muted tile-more">{absent}</span>
          </>
        )}
    </li>
  );
}

function Charts({ samples }: { samples: readonly SystemResources[] }) {
  const times = samples.map(({ timestamp }) => epochOf(timestamp));
  const last = samples.at(-1)!;
  const series = (
    name: string,
    color: string,
    pick: (sample: SystemResources) => number | undefined,
  ): Series => ({
    name,
    color,
    values: samples.map((sample) => pick(sample) ?? null),
  });
  return (
    <section aria-labelledby="over-time">
      <div class="head over-time">
        <h2 id="over-time">Over time</h2>
        <span class="muted">
          Seen by this page since {timeOfDay(samples[0]!.timestamp)}. The server keeps no history.
        </span>
      </div>
      <div class="grid-2">
        <div class="card">
          <h3>Processor</h3>
          <Chart
            label="Processor use over time"
            times={times}
            series={[series("In use", "--s2", ({ cpu_usage }) => cpu_usage)]}
            maximum={100}
            format={percent}
          />
        </div>
        <div class="card">
          <h3>Memory</h3>
          <Chart
            label="Memory in use over time"
            times={times}
            series={[series("In use", "--s2", ({ memory_used }) => memory_used)]}
            maximum={last.memory_total}
            format={bytes}
          />
        </div>
        {last.network_stats && (
          <div class="card">
            <h3>Network</h3>
            <Chart
              label="Network traffic over time"
              times={times}
              series={[
                { name: "Received", color: "--s2", values: ratesOf(samples, "bytes_recv") },
                { name: "Sent", color: "--s1", values: ratesOf(samples, "bytes_sent") },
              ]}
              format={perSecond}
            />
          </div>
        )}
        {last.load_average && (
          <div class="card">
            <h3>Load</h3>
            <Chart
              label="Load over time"
              times={times}
              series={[
                series("1 min", "--s1", ({ load_average }) => load_average?.[0]),
                series("5 min", "--s2", ({ load_average }) => load_average?.[1]),
                series("15 min", "--s3", ({ load_average }) => load_average?.[2]),
              ]}
              format={count}
            />
          </div>
        )}
        <div class="card">
          <h3>Disk</h3>
          <Chart
            label="Disk in use over time"
            times={times}
            series={[series("In use", "--s2", ({ disk_used }) => disk_used)]}
            maximum={last.disk_total}
            format={bytes}
          />
        </div>
        {last.active_processes !== undefined && (
          <div class="card">
            <h3>Processes</h3>
            <Chart
              label="Processes over time"
              times={times}
              series={[
                series("All", "--s2", ({ active_processes }) => active_processes),
                series("Of agents", "--s1", ({ claude_processes }) => claude_processes),
              ]}
              format={count}
            />
          </div>
        )}
      </div>
    </section>
  );
}
