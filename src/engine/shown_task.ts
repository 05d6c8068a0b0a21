/** A task as clients see it: its record, what it waits for and, while it runs, what its agent is doing. */
import { isStale } from "../domain/inheritance.ts";
import type { TaskSession } from "../domain/agent_session.ts";
import type { Attachment } from "../domain/attachment.ts";
import type { Task } from "../domain/task.ts";
import { type TaskRecord, taskView } from "../domain/task_record.ts";
import { type Surroundings, waitingFor } from "../domain/waiting_rule.ts";
import type { RunningAttempt } from "./attempt/running_attempt.ts";

export interface Seen {
  /** The command by which a person goes on with the session. */
  goOnCommand?(session: TaskSession): string | undefined;
  /** The files that the task names, as far as they are there. */
  attached_files?: Attachment[];
  /** The configured project that the task belongs to. */
  project?: string;
  around: Surroundings;
  /** The task's attempt, if this server runs it. */
  run: Pick<RunningAttempt, "runtime_status" | "permissions" | "questions"> | undefined;
}

export function shownTask(
  record: TaskRecord,
  { run, goOnCommand, attached_files, project, around }: Seen,
): Task {
  const waiting_for = waitingFor(record, around);
  const stale = isStale(record, around.find) || undefined;
  const delegated_usage = around.used_below;
  const view: Task = { ...taskView(record), project, attached_files, waiting_for, stale, delegated_usage };
  if (view.agent_session) view.agent_session.command = goOnCommand?.(view.agent_session);
  const { permissions = [], questions = [] } = run ?? record.state.parked ?? {};
  return {
    ...view,
    runtime_status: run?.runtime_status,
    pending_permissions: permissions.length > 0 ? [...permissions] : undefined,
    pending_questions: questions.length > 0 ? [...questions] : undefined,
  };
}
