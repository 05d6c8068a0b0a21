/** A chart's figures in uPlot's format. Pure. */

/** Seconds since the epoch, then the values of each series. */
export type ChartData = [number[], ...(number | null)[][]];

/** A distance this many times the usual one is a gap in the data. */
const GAP_FACTOR = 4;
/** The shortest time span shown, so that the first few samples do not fill the whole width. */
export const SPAN_MIN_S = 60;

/** The data for uPlot, with a hole instead of a line across a gap. */
export function withGaps(
  times: readonly number[],
  values: readonly (readonly (number | null)[])[],
): ChartData {
  const distances = times.slice(1).map((at, i) => at - times[i]!).sort((a, b) => a - b);
  // The upper quartile, so that the usual distance after a burst of samples does not count as a gap.
  const usual = distances[Math.floor(distances.length * .75)] ?? 0;
  const seconds: number[] = [];
  const columns: (number | null)[][] = values.map(() => []);
  if (times.length === 1) {
    // uPlot would draw a single point on the scale of a day.
    seconds.push(times[0]! / 1000 - SPAN_MIN_S);
    for (const column of columns) column.push(null);
  }
  times.forEach((at, i) => {
    const before = times[i - 1];
    if (before !== undefined && at - before > GAP_FACTOR * usual) {
      seconds.push((before + usual) / 1000);
      for (const column of columns) column.push(null);
    }
    seconds.push(at / 1000);
    columns.forEach((column, s) => column.push(values[s]![i] ?? null));
  });
  return [seconds, ...columns];
}

/** Each series on top of those before it. The topmost comes first: the others are drawn over it. */
export function stacked([seconds, ...columns]: ChartData): ChartData {
  const sums = columns.map((_, s) =>
    seconds.map((_, i) => columns.slice(0, s + 1).reduce((sum, column) => sum + (column[i] ?? 0), 0))
  );
  return [seconds, ...sums.reverse()];
}
