/** Figures over time, with a readout at the pointer. */
import { type Signal, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import "./chart.css";
import { report } from "../data/report.ts";
import { type ChartData, stacked, withGaps } from "./chart_data.ts";
import type { PointedAt } from "./chart_plot.ts";
import { dayName, timeOfDay } from "../../protocol/formats.ts";
import { isoTime } from "../../clock/clock.ts";
import { paint } from "./theme.ts";

/** The plotting code, loaded with the first chart: most pages need none. */
const plotter = signal<typeof import("./chart_plot.ts") | undefined>(undefined);
let loading: Promise<void> | undefined;

function loadPlotter(): void {
  loading ??= import("./chart_plot.ts").then((module) => {
    plotter.value = module;
  }, (error) => {
    loading = undefined;
    report(error);
  });
}

export interface Series {
  name: string;
  /** A custom property such as `--s2`. */
  color: string;
  /** One value per time; null where there is none. */
  values: readonly (number | null)[];
}

export interface ChartProps {
  /** What the chart shows, for screen readers. */
  label: string;
  /** Milliseconds since the epoch, rising. */
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  /** The top of the scale; by default a round number above the highest value. */
  maximum?: number | undefined;
  height?: number;
  /** Without axes, for small charts beside a figure. */
  isCompact?: boolean;
  /** Bars instead of lines, for counts per equal time span. */
  isBars?: boolean;
  /** Whether each time is the midnight of a day, in UTC. */
  isDays?: boolean;
}

export function Chart(props: ChartProps) {
  const { label, times, series, format, maximum, height = 160, isCompact = false, isBars = false, isDays } =
    props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const pointed = useSignal<PointedAt | undefined>(undefined);
  const data = withGaps(times, series.map(({ values }) => values));
  const drawn = isBars ? stacked(data) : data;
  const latest = useRef<ChartData>(drawn);
  latest.current = drawn;
  useEffect(() => {
    const element = place.current!;
    if (plotter.value === undefined) return loadPlotter();
    const colors = series.map(({ name, color }) => ({ name, color }));
    if (isBars) colors.reverse();
    plot.current = plotter.value.newPlot(
      { series: colors, format, maximum, height, isCompact, isBars },
      latest.current,
      element,
      (at) => void (pointed.value = at),
    );
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.current?.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      pointed.value = undefined;
    };
  }, [
    plotter.value,
    paint.value,
    height,
    maximum,
    isCompact,
    isBars,
    series.map(({ name, color }) => `${name} ${color}`).join(),
  ]);
  useEffect(() => plot.current?.setData(drawn as uPlot.AlignedData));
  return (
    <figure class={`chart${isCompact ? " chart-compact" : ""}`}>
      <figcaption>
        {series.map(({ name, color, values }) => (
          <span key={name}>
            <i style={{ background: `var(${color})` }} /> {name}{" "}
            <b class="figure">{values.at(-1) == null ? "–" : format(values.at(-1)!)}</b>
          </span>
        ))}
      </figcaption>
      <div class="chart-plot">
        <div
          ref={place}
          role="img"
          aria-label={`${label}. ${series.map((one) => inWords(one, format)).join("; ")}`}
          style={{ height: `${height}px` }}
        />
        {times.length === 0 && <p class="chart-empty">No figures yet</p>}
        <Readout pointed={pointed} data={data} series={series} format={format} isDays={isDays} />
      </div>
    </figure>
  );
}

/** A series in words: its latest, lowest and highest value. */
function inWords({ name, values }: Series, format: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return `${name}: no figures`;
  const last = values.at(-1);
  const now = last == null ? "no figure now" : `${format(last)} now`;
  let [least, most] = [Infinity, -Infinity];
  for (const value of known) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return `${name}: ${now}, lowest ${format(least)}, highest ${format(most)}`;
}

interface ReadoutProps extends Pick<ChartProps, "series" | "format" | "isDays"> {
  pointed: Signal<PointedAt | undefined>;
  data: ChartData;
}

/** A separate component, so that moving the pointer renders nothing else. */
function Readout({ pointed, data, series, format, isDays }: ReadoutProps) {
  const at = pointed.value;
  const time = at && data[0][at.index];
  if (at === undefined || time === undefined) return null;
  const values = series.map((_, i) => data[i + 1]![at.index]);
  if (values.every((value) => value == null)) return null;
  return (
    <div
      class={`chart-readout${at.isRight ? " is-right" : ""}`}
      style={{ left: `${at.left}px` }}
      aria-hidden="true"
    >
      <time>{(isDays ? dayName : timeOfDay)(isoTime(time * 1000))}</time>
      {series.map(({ name, color }, i) => (
        <span key={name}>
          <i style={{ background: `var(${color})` }} /> {name}
          <b class="figure">{values[i] == null ? "–" : format(values[i])}</b>
        </span>
      ))}
    </div>
  );
}
