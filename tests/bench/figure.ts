/** What a measurement comes to, and how it is shown. */

export interface Figure {
  what: string;
  measured: string;
  /** Without a goal, it is there to be known. */
  goal?: string;
  met?: boolean;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds since the epoch, with fractions. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

export function asRow({ what, measured, goal, met }: Figure): string {
  return `| ${what} | ${measured} | ${goal ?? ""} | ${met === undefined ? "" : met ? "yes" : "**no**"} |`;
}

export const HEADING = "| what | measured | goal | met |\n| --- | --- | --- | --- |";
