/** Not there yet. */
export function LimitsPage() {
  return <h1>Limits</h1>;
}
