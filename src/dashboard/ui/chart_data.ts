/** The figures of a chart in the form in which uPlot takes them. Pure. */

/** Seconds since the epoch, then the values of each series. */
export type ChartData = [number[], ...(number | null)[][]];

/** A distance so many times the usual one is a time in which nothing was told. */
const GAP_FACTOR = 4;
/** At least so much time is shown, that a first few samples do not fill the whole width. */
export const SPAN_MIN_S = 60;

/** As uPlot takes it, with a hole where nothing was told for long instead of a line across. */
export function withGaps(
  times: readonly number[],
  values: readonly (readonly (number | null)[])[],
): ChartData {
  const distances = times.slice(1).map((at, i) => at - times[i]!).sort((a, b) => a - b);
  // The larger half's middle: where some come in quick succession, the others are no gaps.
  const usual = distances[Math.floor(distances.length * .75)] ?? 0;
  const seconds: number[] = [];
  const columns: (number | null)[][] = values.map(() => []);
  if (times.length === 1) {
    // One point alone would be drawn on the scale of a day.
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

/** Each series upon those before it, the topmost first: it is drawn first, and the others over it. */
export function stacked([seconds, ...columns]: ChartData): ChartData {
  const sums = columns.map((_, s) =>
    seconds.map((_, i) => columns.slice(0, s + 1).reduce((sum, column) => sum + (column[i] ?? 0), 0))
  );
  return [seconds, ...sums.reverse()];
}
