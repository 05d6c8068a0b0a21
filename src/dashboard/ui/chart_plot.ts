/** Draws a chart: stable scales, axes, the theme's colors. Loaded with the first chart. */
import "./language.ts";
import uPlot from "uplot";
import { isoTime } from "../../clock/clock.ts";
import { dayName } from "../../protocol/formats.ts";
import { type ChartData, SPAN_MIN_S } from "./chart_data.ts";
import { colorOf } from "./theme.ts";

export interface PointedAt {
  index: number;
  /** Pixels from the chart's left edge. */
  left: number;
  /** Whether it lies in the right half. */
  isRight: boolean;
}

export interface PlotOptions {
  series: readonly { name: string; color: string }[];
  format: (value: number) => string;
  maximum: number | undefined;
  height: number;
  isCompact: boolean;
  isBars: boolean;
}

/** Axis steps for counts, which have no halves. */
const WHOLE = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((
  a,
  b,
) => a - b);
/** From this distance on, an axis shows days. */
const HALF_DAY_S = 43_200;
const AXIS_WIDTH = 66;
const AXIS_FONT = '11px "Inter Variable", system-ui, sans-serif';

/** The next round number, so that the scale changes seldom. */
export function roundedUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value)!;
}

/** Draws a chart into `element`, which owns it until `destroy`. */
export function newPlot(
  options: PlotOptions,
  data: ChartData,
  element: HTMLElement,
  point: (at: PointedAt | undefined) => void,
): uPlot {
  const [, ...values] = data;
  const isWhole = options.isBars &&
    values.every((each) => each.every((one) => one == null || Number.isInteger(one)));
  return new uPlot(
    optionsFor(options, isWhole, element.clientWidth, point),
    data as uPlot.AlignedData,
    element,
  );
}

function optionsFor(
  { series, format, maximum, height, isCompact, isBars }: PlotOptions,
  isWhole: boolean,
  width: number,
  pointedAt: (at: PointedAt | undefined) => void,
): uPlot.Options {
  const axis = {
    stroke: colorOf("--ink-3"),
    font: AXIS_FONT,
    grid: { stroke: colorOf("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: isCompact ? [4, 0, 2, 0] : [8, 26, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 7, width: 1.5 } },
    scales: {
      x: { range: (plot, min, max) => timeRange(min, max, isBars, plot.data[0].length) },
      y: { range: (_plot, _min, max) => [0, maximum ?? roundedUp(max)] },
    },
    axes: isCompact ? [{ show: false }, { show: false }] : [
      { ...axis, space: 80, size: 26, gap: 6, grid: { show: false }, values: timesOfAxis },
      {
        ...axis,
        incrs: isWhole ? WHOLE : undefined,
        space: 34,
        size: AXIS_WIDTH,
        gap: 8,
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...series.map(({ name, color }) => seriesOf(name, colorOf(color), series.length > 1, isBars)),
    ],
    hooks: {
      setCursor: [(plot) => {
        const { idx, left } = plot.cursor;
        if (idx == null || left === undefined || left < 0) return pointedAt(undefined);
        const x = plot.valToPos(plot.data[0][idx]!, "x");
        const offset = plot.over.offsetLeft;
        pointedAt({ index: idx, left: offset + x, isRight: x > plot.over.clientWidth / 2 });
      }],
    },
  };
}

function timeRange(
  min: number | null,
  max: number | null,
  isBars: boolean,
  count: number,
): uPlot.Range.MinMax {
  if (min === null || max === null) return [null, null] as never;
  // A bar extends to both sides of its time.
  if (isBars) {
    const half = Math.max(30, (max - min) / Math.max(1, count - 1) / 2);
    return [min - half, max + half];
  }
  return [Math.min(min, max - SPAN_MIN_S), max];
}

function timesOfAxis(_plot: uPlot, splits: number[]): string[] {
  const step = (splits[1] ?? 60) - (splits[0] ?? 0);
  if (step >= HALF_DAY_S) return splits.map((at) => dayName(isoTime(at * 1000)));
  const clock = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
    second: step < 60 ? "2-digit" : undefined,
  });
  return splits.map((at) => clock.format(at * 1000));
}

function seriesOf(name: string, color: string, isOneOfMany: boolean, isBars: boolean): uPlot.Series {
  const shade = (alpha: number) => color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
  if (isBars) {
    return {
      label: name,
      stroke: color,
      width: 0,
      fill: color,
      paths: uPlot.paths.bars!({ size: [.72, 24], radius: .15 }),
      points: { show: false },
    };
  }
  return {
    label: name,
    stroke: color,
    width: 1.75,
    fill: (plot) => {
      const { top, height } = plot.bbox;
      // A hidden plot has no height, and a gradient without height is an error.
      if (!(height > 0)) return "transparent";
      const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
      gradient.addColorStop(0, shade(isOneOfMany ? .14 : .3));
      gradient.addColorStop(1, shade(.02));
      return gradient;
    },
    // A line needs two points.
    points: { show: (plot) => plot.data[0].length < 3, size: 5, fill: color },
  };
}
