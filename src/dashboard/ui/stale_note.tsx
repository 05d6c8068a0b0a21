/** That a task builds on what is out of date. */
import type { Task } from "../../domain/task.ts";
import "./waits_for.css";

/** Shows nothing for a task that is up to date. */
export function StaleNote({ task }: { task: Task }) {
  if (!task.stale) return null;
  return (
    <p class="task-waits task-stale">
      Out of date: what it builds on was sent back or discarded after it began
    </p>
  );
}
