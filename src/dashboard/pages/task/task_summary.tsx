/** A task at a glance: its status, times and agent. */
import { Check, Copy } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { systemClock } from "../../../clock/clock.ts";
import type { Task } from "../../../domain/task.ts";
import { needOf } from "../../../domain/needs.ts";
import { agentAtWorkOn } from "../../data/machine.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { duration, ordinal } from "../../../protocol/formats.ts";
import { PriorityMark, ProgressBar, RuntimeBadge, TaskBadge } from "../../ui/status.tsx";
import { StaleNote } from "../../ui/stale_note.tsx";
import { Ago, Lasting } from "../../ui/time.tsx";
import { WaitsFor } from "../../ui/waits_for.tsx";
import { toastError } from "../../ui/toast.tsx";
import { agentName } from "./agent_name.ts";
import { Relations } from "./relations.tsx";
import type { AttemptView } from "./timeline.ts";
import "./task_summary.css";

export interface TaskSummaryProps {
  task: Task;
  attempts: readonly AttemptView[];
}

export function TaskSummary({ task, attempts }: TaskSummaryProps) {
  const { id, status, priority, type, error } = task;
  return (
    <div class="card task-summary">
      <div class="task-line">
        <TaskBadge task={task} />
        <RuntimeBadge task={task} />
        <PriorityMark priority={priority} />
        <span class="task-type">{type}</span>
        <TaskId id={id} />
      </div>
      <WaitsFor task={task} />
      <StaleNote task={task} />
      <Progress task={task} />
      <Facts task={task} attempts={attempts} />
      {error !== undefined && (
        <div class="notice notice-error">
          <strong>{status === "failed" ? "Why it failed" : "Last error"}</strong>
          <p class="task-error">{error}</p>
        </div>
      )}
      <Relations task={task} />
    </div>
  );
}

const COPIED_MS = 2000;

function TaskId({ id }: { id: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(id);
    setCopied(true);
    systemClock.after(COPIED_MS, () => setCopied(false));
  };
  return (
    <span class="task-id">
      <code class="clip">{id}</code>
      {/* Browsers deny the clipboard to pages that came from another machine without encryption. */}
      {navigator.clipboard && (
        <button
          type="button"
          class="icon-button"
          aria-label={isCopied ? "Copied" : `Copy the id ${id}`}
          title="Copy the id"
          onClick={() => void copy().catch(toastError)}
        >
          {isCopied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
        </button>
      )}
    </span>
  );
}

function Progress({ task }: { task: Task }) {
  const { status, progress, progress_details: details } = task;
  const isWaiting = status === "pending" || status === "queued";
  if (isWaiting || (isFinished(status) && progress === 0)) return null;
  const { total_steps, completed_steps = 0, estimated_time_remaining } = details ?? {};
  const isGoing = status === "running" || status === "paused";
  // While the agent waits for a person, no end can be estimated.
  const asks = needOf(task) !== undefined;
  return (
    <div class="task-progress">
      <ProgressBar task={task} />
      <div class="muted">
        <span class="clip">{isGoing ? details?.current_step : ""}</span>
        <span class="figure">
          {isGoing && !asks && estimated_time_remaining !== undefined && estimated_time_remaining > 0 &&
            `about ${duration(estimated_time_remaining)} left · `}
          {total_steps ? `${completed_steps} of ${total_steps} steps · ` : ""}
          {isGoing && !total_steps ? "" : `${progress} %`}
        </span>
      </div>
    </div>
  );
}

function Facts({ task, attempts }: TaskSummaryProps) {
  const { id, status, created_at, started_at, completed_at, scheduled_time, next_attempt_at, attempt } = task;
  const working = agentAtWorkOn(id);
  const agent = agentName(task, attempts);
  const isWaiting = status === "pending" || status === "queued";
  return (
    <dl class="run-facts">
      <Fact name="Agent">
        {agent ?? <span class="muted">chosen when it starts</span>}
        {working?.pid !== undefined && (
          <>
            {" "}
            <Link href={`/agents?pid=${working.pid}`} class="figure">pid {working.pid}</Link>
          </>
        )}
      </Fact>
      <Fact name="Created">
        <Ago iso={created_at} />
      </Fact>
      {isWaiting && scheduled_time !== undefined && (
        <Fact name="Due">
          <Ago iso={scheduled_time} />
        </Fact>
      )}
      {isWaiting && next_attempt_at !== undefined && (
        <Fact name="Next attempt">
          <Ago iso={next_attempt_at} />
        </Fact>
      )}
      {started_at !== undefined && (
        <Fact name="Started">
          <Ago iso={started_at} />
        </Fact>
      )}
      {completed_at !== undefined && (
        <Fact name="Ended">
          <Ago iso={completed_at} />
        </Fact>
      )}
      {started_at !== undefined && (
        <Fact name={isFinished(status) ? "Took" : "Lasting"}>
          <Lasting from={started_at} to={completed_at} />
        </Fact>
      )}
      {attempt > 1 && (
        <Fact name="Attempt">
          <span class="figure">{ordinal(attempt)}</span>
        </Fact>
      )}
      {task.schedule_id !== undefined && (
        <Fact name="Schedule">
          <Link href={`/schedules?schedule=${encodeURIComponent(task.schedule_id)}`}>{task.schedule_id}</Link>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
