/** Not there yet. */
export function TaskPage({ id }: { id: string }) {
  return <h1>{id}</h1>;
}
