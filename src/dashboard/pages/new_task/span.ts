/** Durations as people write them: `90 s`, `30 min`, `1 h 30 min`. */
const UNITS: readonly [name: RegExp, ms: number, short: string][] = [
  [/^d(?:ays?)?$/, 86_400_000, "d"],
  [/^h(?:ours?|rs?)?$/, 3_600_000, "h"],
  [/^m(?:in(?:utes?|s)?)?$/, 60_000, "min"],
  [/^s(?:ec(?:onds?|s)?)?$/, 1000, "s"],
  [/^ms$/, 1, "ms"],
];

/** The duration in milliseconds; undefined if the text is not a duration. */
export function spanOf(text: string): number | undefined {
  const parts = [...text.toLowerCase().matchAll(/\s*(\d+(?:[.,]\d+)?)\s*([a-z]+)[\s,]*/g)];
  if (parts.length === 0 || parts.map(([all]) => all).join("") !== text.toLowerCase()) return undefined;
  let sum = 0;
  for (const [, amount, unit] of parts) {
    const ms = UNITS.find(([name]) => name.test(unit!))?.[1];
    if (ms === undefined) return undefined;
    sum += Number(amount!.replace(",", ".")) * ms;
  }
  return Math.round(sum);
}

/** The duration as text, exact, so that `spanOf` reads the same duration back. */
export function spanText(ms: number): string {
  let left = ms;
  const parts: string[] = [];
  for (const [, unit_ms, short] of UNITS) {
    const count = Math.floor(left / unit_ms);
    left -= count * unit_ms;
    if (count > 0) parts.push(`${count} ${short}`);
  }
  return parts.join(" ") || "0 s";
}
