/** Counts of lines as people read them. */
const NUMBER = new Intl.NumberFormat("en");

/** `12,345`. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** `1 line`, `12,345 lines`. */
export function linesOf(count: number): string {
  return `${number(count)} ${count === 1 ? "line" : "lines"}`;
}
