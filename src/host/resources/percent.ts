/** Two decimals within 0–100, as the API shows percentages; 0 for what is not a number. */
export function percent(value: number): number {
  return Number.isFinite(value) ? Math.round(Math.min(100, Math.max(0, value)) * 100) / 100 : 0;
}
