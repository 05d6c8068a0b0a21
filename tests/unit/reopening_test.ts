/** A task that a message has reopened is as it was when the message is withdrawn, also after the store was read anew. */
import assert from "node:assert/strict";
import { closedAgain, reopened } from "../../src/domain/reopening.ts";
import type { TaskState } from "../../src/domain/task_record.ts";

const AT = "2030-01-01T00:00:00.000Z";

const ENDED: TaskState = {
  status: "completed",
  progress: 100,
  retry_count: 0,
  attempt: 1,
  automatic_attempts: 1,
  attempts: [{ attempt: 1, turn: 1, agent: "a", started_at: AT, ended_at: AT, outcome: "completed" }],
  turn: 1,
  started_at: AT,
  completed_at: AT,
};

const ENDS: Record<string, TaskState> = {
  completed: ENDED,
  archived: { ...ENDED, archived: true },
  "to review": { ...ENDED, review: "to_review" },
  failed: { ...ENDED, status: "failed", error: "no", failure: { kind: "bug", message: "no" }, progress: 40 },
  "failed with a dependency": { ...ENDED, status: "failed", failed_dependency: "d", keeps_dependents: true },
  cancelled: { ...ENDED, status: "cancelled", turn_over: true },
  discarded: { ...ENDED, review: "discarded" },
};

/** As the store writes and reads it. */
const stored = (state: TaskState): TaskState => JSON.parse(JSON.stringify(state));

for (const [name, ended] of Object.entries(ENDS)) {
  Deno.test(`a reopened task is as it was when its message is withdrawn: ${name}`, () => {
    const open = reopened(ended, []);
    assert.equal(open.status, "queued");
    assert.deepEqual(stored(closedAgain(open)), stored(ended));
    assert.deepEqual(stored(closedAgain(stored(open))), stored(ended), "after a restart");
  });
}
