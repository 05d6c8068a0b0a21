/** What the task waits for, and what waits for it. */
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { taskOf, tasks } from "../../data/tasks.ts";
import { StatusBadge } from "../../ui/status.tsx";

export function Relations({ task }: { task: Task }) {
  const before = task.dependencies ?? [];
  const after = tasks.value.filter(({ dependencies }) => dependencies?.includes(task.id)).map(({ id }) => id);
  if (before.length + after.length === 0) return null;
  return (
    <div class="task-relations">
      <Related name="Depends on" ids={before} />
      <Related name="Needed by" ids={after} />
      <Link href={`/tasks?view=graph&focus=${encodeURIComponent(task.id)}`}>Show in the graph</Link>
    </div>
  );
}

function Related({ name, ids }: { name: string; ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <div>
      <span class="muted">{name}</span>
      <ul aria-label={name}>
        {ids.map((id) => {
          const known = taskOf(id);
          return (
            <li key={id}>
              <Link class="clip" href={`/tasks/${encodeURIComponent(id)}`} title={known?.description ?? id}>
                {id}
              </Link>
              {known && <StatusBadge status={known.status} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
