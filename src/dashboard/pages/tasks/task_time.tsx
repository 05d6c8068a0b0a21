/** When a task began, ended or will begin, and how long it ran. */
import { epochOf } from "../../../clock/clock.ts";
import type { Task } from "../../../domain/task.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { Ago, Lasting, now } from "../../ui/time.tsx";

export function TaskTime({ task }: { task: Task }) {
  return <span class="task-time">{told(task)}</span>;
}

function told({ status, created_at, started_at, completed_at, scheduled_time, next_attempt_at }: Task) {
  if (status === "running" && started_at !== undefined) return <Lasting from={started_at} />;
  if (isFinished(status) && completed_at !== undefined) {
    return (
      <>
        <Ago iso={completed_at} />
        {started_at !== undefined && (
          <span class="task-took">
            took <Lasting from={started_at} to={completed_at} />
          </span>
        )}
      </>
    );
  }
  const next = [scheduled_time, next_attempt_at].filter((time) => time !== undefined).sort().at(-1);
  if (next !== undefined && epochOf(next) > now.value) {
    return (
      <>
        starts <Ago iso={next} />
      </>
    );
  }
  return (
    <>
      created <Ago iso={created_at} />
    </>
  );
}
