/** The tasks that must be completed before this one begins. */
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { taskOf } from "../../data/tasks.ts";
import { STATUS_NAMES } from "../../ui/status.tsx";

const SHOWN_MAX = 2;

export function WaitsFor({ task }: { task: Task }) {
  const open = (task.dependencies ?? []).filter((id) => taskOf(id)?.status !== "completed");
  if (open.length === 0) return null;
  return (
    <p class="task-waits">
      Waits for {open.slice(0, SHOWN_MAX).map((id, i) => {
        const status = taskOf(id)?.status;
        return (
          <span key={id}>
            {i > 0 && ", "}
            <Link
              href={`/tasks/${encodeURIComponent(id)}`}
              title={status === undefined ? id : `${id}: ${STATUS_NAMES[status]}`}
            >
              {id}
            </Link>
          </span>
        );
      })}
      {open.length > SHOWN_MAX && ` and ${open.length - SHOWN_MAX} more`}
    </p>
  );
}
