/** Not there yet. */
export function SystemPage() {
  return <h1>System</h1>;
}
