/**
 * Decides what a task waits for, from its record, the other tasks and the slots. This is computed each time the task is
 * shown: a stored copy would become stale when any of these changes.
 */
import { epochOf, isoTime } from "../clock/clock.ts";
import { isSpent } from "./budget.ts";
import type { Graph } from "./cascade.ts";
import { openDependencies } from "./dependencies.ts";
import type { ConcurrencyKey } from "./concurrency_key.ts";
import { dueAt } from "./due.ts";
import { isFullDisk } from "./full_disk.ts";
import type { PermissionRequest } from "./permission_request.ts";
import type { Question } from "./question.ts";
import { isUnderWay, type TaskRecord } from "./task_record.ts";
import type { UsageSums } from "./usage.ts";
import type { WaitingFor } from "./waiting_for.ts";

/** Running tasks that keep a queued one from starting, and what they share with it. */
export interface HeldUp {
  by: ConcurrencyKey["by"];
  task_ids: string[];
}

/** What a decision needs besides the task. */
export interface Surroundings {
  find: Graph["find"];
  now_ms: number;
  /** What keeps the next queued task from starting. */
  bottleneck: "slot" | "agent_start";
  /** What keeps this task from starting, if it is queued and others pass it. */
  held_up?: HeldUp;
  /** A budget that is spent keeps it from starting, of a day, or of the task whose agent has started it. */
  held_by_budget?: { until_ms?: number };
  /** What the tasks that its agent has started have used. */
  used_below?: UsageSums;
  /** The other node that still ends the agent of the task's attempt, which was cancelled. */
  left_on?: string;
  /** The agent for whose provider this task waits, if it is queued. */
  held?: Omit<Extract<WaitingFor, { kind: "provider_limit" }>, "kind">;
  /** Open permission requests of the task's agent, which may have been ended, the oldest first. */
  permissions: readonly Pick<PermissionRequest, "permission_id" | "expires_at">[];
  /** Open questions of the task's agent, the oldest first. */
  questions: readonly Pick<Question, "question_id" | "expires_at" | "agent_goes_on">[];
}

/** Returns undefined if the task is finished or at work. */
export function waitingFor(task: TaskRecord, around: Surroundings): WaitingFor | undefined {
  switch (task.state.status) {
    case "pending":
      return whilePending(task, around);
    case "queued":
      if (around.left_on !== undefined) return { kind: "node", node: around.left_on };
      if (task.state.parked !== undefined) return forPerson(around);
      if (around.held_by_budget) {
        const { until_ms } = around.held_by_budget;
        return until_ms === undefined ? { kind: "budget" } : { kind: "budget", until: isoTime(until_ms) };
      }
      // It is about to be paused.
      if (isSpent(task, around.used_below)) return { kind: "budget" };
      if (around.held) return { kind: "provider_limit", ...around.held };
      return around.held_up ? { kind: "concurrency", ...around.held_up } : { kind: around.bottleneck };
    case "paused":
      return { kind: isSpent(task, around.used_below) ? "budget" : "paused" };
    case "running":
      return forPerson(around);
    case "completed":
    case "failed":
    case "cancelled":
      return undefined;
  }
}

function forPerson({ permissions, questions }: Surroundings): WaitingFor | undefined {
  const [request] = permissions;
  if (request) return { kind: "permission", permission_id: request.permission_id, until: request.expires_at };
  const question = questions.find((one) => one.agent_goes_on !== true);
  return question && { kind: "question", question_id: question.question_id, until: question.expires_at };
}

function whilePending(task: TaskRecord, { find, now_ms }: Surroundings): WaitingFor {
  const open = isUnderWay(task.state) ? [] : openDependencies(task.spec, find);
  if (open.length > 0) return { kind: "dependency", task_ids: open };
  const due_ms = dueAt(task);
  // Nothing holds it back: the next commit queues it.
  if (due_ms === undefined || due_ms <= now_ms) return { kind: "slot" };
  const { not_before } = task.state;
  const isRetry = not_before !== undefined && epochOf(not_before) === due_ms;
  const until = isoTime(due_ms);
  const { failure } = task.state.attempts.at(-1) ?? {};
  if (isRetry && isFullDisk(failure)) return { kind: "disk", until, reason: failure.message };
  return { kind: isRetry ? "retry" : "time", until };
}
