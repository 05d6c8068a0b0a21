/** Not there yet. */
export function NewTaskPage() {
  return <h1>NewTask</h1>;
}
