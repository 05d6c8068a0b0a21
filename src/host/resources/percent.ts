/** Rounds to two decimals within 0–100, as the API shows percentages; 0 for NaN and infinities. */
export function percent(value: number): number {
  return Number.isFinite(value) ? Math.round(Math.min(100, Math.max(0, value)) * 100) / 100 : 0;
}
