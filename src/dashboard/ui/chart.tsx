/** Figures over time. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "./chart.css";
import { colorOf, paint } from "./theme.ts";

export interface Series {
  name: string;
  /** A custom property such as `--blue`. */
  color: string;
  /** One for each time; null where there is none. */
  values: readonly (number | null)[];
}

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  label: string;
  /** Milliseconds since the epoch, rising. */
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  /** The top of the scale; the highest value where none is given. */
  maximum?: number | undefined;
  height?: number;
}

export function Chart({ label, times, series, format, maximum, height = 160 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const data: uPlot.AlignedData = [times.map((at) => at / 1000), ...series.map(({ values }) => [...values])];
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const element = place.current!;
    plot.current = new uPlot(
      optionsFor({ series, format, maximum, height }, element.clientWidth),
      latest.current,
      element,
    );
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, [paint.value, height, maximum, series.map(({ name, color }) => `${name} ${color}`).join()]);
  useEffect(() => plot.current?.setData(data));
  const now = series.map(({ name, values }) => {
    const last = values.at(-1);
    return last == null ? `${name}: no figure` : `${name}: ${format(last)}`;
  });
  return (
    <figure class="chart">
      <figcaption>
        {series.map(({ name, color, values }) => (
          <span key={name}>
            <i style={{ background: `var(${color})` }} /> {name}{" "}
            <b class="figure">{values.at(-1) == null ? "–" : format(values.at(-1)!)}</b>
          </span>
        ))}
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${label}. ${now.join(", ")}`}
        style={{ height: `${height}px` }}
      />
    </figure>
  );
}

function optionsFor(
  { series, format, maximum, height }: Pick<ChartProps, "series" | "format" | "maximum"> & { height: number },
  width: number,
): uPlot.Options {
  const axis = {
    stroke: colorOf("--muted"),
    grid: { stroke: colorOf("--surface-3"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _min, max) => [0, maximum ?? (max > 0 ? max * 1.1 : 1)] } },
    axes: [
      { ...axis, space: 70, values: "{HH}:{mm}:{ss}" as never },
      { ...axis, size: 62, values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...series.map(({ name, color }) => ({
        label: name,
        stroke: colorOf(color),
        width: 1.75,
        fill: series.length === 1
          ? colorOf(color).replace("rgb(", "rgba(").replace(")", ", .12)")
          : undefined,
        points: { show: false },
      })) as uPlot.Series[],
    ],
  };
}
