/** What is promised of agents that are ended while they wait for a person, plainly. */
import type { TaskState } from "../../src/domain/task_record.ts";

const FINISHED = ["completed", "failed", "cancelled"];

/** What is wrong with a change of a task that is parked, or was; undefined for nothing. */
export function wrongWithParking(before: TaskState | undefined, after: TaskState): string | undefined {
  if (!before) return undefined;
  const isParkedNow = after.parked !== undefined && before.lease !== undefined;
  if (isParkedNow && after.automatic_attempts >= before.automatic_attempts) {
    return "being parked counts as an attempt";
  }
  if (isParkedNow && before.session !== undefined && after.session === undefined) {
    return "being parked costs the session";
  }
  if (before.parked && after.status === "running") return "goes on although nobody has answered";
  // Nobody need answer what belongs to a turn that is over.
  if (FINISHED.includes(after.status) || after.turn_over || (after.turn ?? 1) > (before.turn ?? 1)) {
    return undefined;
  }
  const answered = new Set(after.late_answers?.map(({ id }) => id));
  const open = new Set(after.parked?.permissions.map(({ permission_id }) => permission_id));
  for (const { permission_id: id } of before.parked?.permissions ?? []) {
    if (!open.has(id) && !answered.has(id)) return `what it asked (${id}) is forgotten`;
  }
  // An agent at work has had its answer.
  const isAtWork = before.lease !== undefined || after.lease !== undefined;
  for (const { id } of before.late_answers ?? []) {
    if (!isAtWork && !answered.has(id)) return `the answer to what it asked (${id}) is lost`;
  }
  return undefined;
}
