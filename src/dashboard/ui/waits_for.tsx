/** Why a task waits, in one line. */
import { Link } from "wouter-preact";
import { standingOf } from "../../domain/dependencies.ts";
import type { After, Task } from "../../domain/task.ts";
import type { WaitingFor } from "../../domain/waiting_for.ts";
import { clockTime } from "../../protocol/formats.ts";
import { sharedWords, waitingReason, waitingWords } from "../../protocol/waiting_words.ts";
import { taskOf } from "../data/tasks.ts";
import { STATUS_NAMES } from "./status.tsx";
import { now } from "./time.tsx";
import "./waits_for.css";

const SHOWN_MAX = 2;

/** Shows nothing for a task that does not wait. Permission requests and questions have their own display. */
export function WaitsFor({ task: { waiting_for, execution } }: { task: Task }) {
  if (waiting_for === undefined || waiting_for.kind === "permission" || waiting_for.kind === "question") {
    return null;
  }
  return (
    <p class="task-waits" title={waitingReason(waiting_for)}>
      Waits for <Cause of={waiting_for} after={execution?.after} />
    </p>
  );
}

function Cause({ of: waiting_for, after }: { of: WaitingFor; after?: After }) {
  if (waiting_for.kind === "dependency") {
    return (
      <>
        <TaskLinks ids={waiting_for.task_ids.filter((id) => isOpen(id, after))} />
        {after === "accepted" && " to be accepted"}
      </>
    );
  }
  if (waiting_for.kind === "concurrency" && waiting_for.task_ids) {
    return (
      <>
        <TaskLinks ids={waiting_for.task_ids} /> {sharedWords(waiting_for.by)}
      </>
    );
  }
  return <>{waitingWords(waiting_for, (iso) => clockTime(iso, now.value))}</>;
}

/** No push announces that one of several dependencies is done. */
function isOpen(id: string, after: After | undefined): boolean {
  const task = taskOf(id);
  return task === undefined || standingOf(task, after) !== "done";
}

function TaskLinks({ ids: open }: { ids: readonly string[] }) {
  return (
    <>
      {open.slice(0, SHOWN_MAX).map((id, i) => {
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
    </>
  );
}
