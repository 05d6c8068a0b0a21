/** What an attempt still tells of its task after a cancel has taken its lease, when others have done something meanwhile. */
import assert from "node:assert/strict";
import { withWork } from "../../src/domain/attempt/work.ts";
import { requireAtRest } from "../../src/domain/accepting.ts";
import { SERVER } from "../../src/domain/actor.ts";
import { afterLoss } from "../../src/domain/attempt/end.ts";
import { posted, withdrawn } from "../../src/domain/conversation.ts";
import type { TaskRecord, TaskState } from "../../src/domain/task_record.ts";
import { cancelled } from "../../src/domain/transitions.ts";

const AT = "2030-01-01T00:00:00.000Z";
const WORKTREE = { kind: "worktree", path: "/w", root: "/w", branch: "b", base_commit: "a" } as const;
const SAVED = {
  workspace: { ...WORKTREE, head_commit: "c" },
  changes: { files: 1, additions: 1, deletions: 0, commits: 1 },
};
const RESULT = { attempt: 1, turn: 1, isPrompted: true, work: SAVED };

function record(state: TaskState): TaskRecord {
  const spec = {
    type: "testing",
    priority: "medium",
    description: "d",
    created_at: AT,
    created_by: SERVER,
    order: 1,
  } as const;
  return { id: "t", spec, state };
}

/** The state of a running task right after it was cancelled. Its agent had the prompt, as far as the record knows. */
function justCancelled(): TaskState {
  const running: TaskState = {
    status: "running",
    progress: 0,
    retry_count: 0,
    attempt: 1,
    automatic_attempts: 1,
    attempts: [{ attempt: 1, turn: 1, agent: "a", started_at: AT }],
    turn: 1,
    prompted_turn: 1,
    workspace: WORKTREE,
    lease: { node: "n", attempt: 1, fencing: 1 },
  };
  return cancelled(record(running), AT);
}

function reopened(state: TaskState): TaskState {
  const given = { source: "message", by: SERVER, parts: 1, at: AT } as const;
  return posted(record(state), given, { readiness: { ready: true }, due: true, at: AT }).state;
}

Deno.test("work that is saved after a cancel is for review", () => {
  const state = afterLoss(justCancelled(), RESULT);
  assert.deepEqual([state.review, state.workspace?.head_commit], ["to_review", "c"]);
});

Deno.test("work that somebody has judged before the agent was gone stays judged, and its worktree gone", () => {
  for (const review of ["accepted", "discarded"] as const) {
    const judged = { ...justCancelled(), review, workspace: undefined };
    assert.deepEqual(afterLoss(judged, RESULT), { ...judged, leaving: undefined });
  }
  const ending = { kind: "discard", head: "a", kept_as: "r" } as unknown as TaskState["ending"];
  const under_way = { ...justCancelled(), ending };
  assert.deepEqual(afterLoss(under_way, RESULT), { ...under_way, leaving: undefined });
});

Deno.test("a prompt that the agent of a cancelled task did not get is told first, also if a message has reopened it", () => {
  const again = reopened(justCancelled());
  assert.equal(again.turn_over, true);
  const known = afterLoss(again, { ...RESULT, isPrompted: false });
  assert.equal(known.turn_over, undefined);
  assert.equal(known.status, "queued");
});

Deno.test("work that is saved after a message has reopened the task is for review when the message is withdrawn", () => {
  const again = afterLoss(reopened(justCancelled()), { ...RESULT, isPrompted: false });
  const number = again.waiting![0]!.number;
  const back = withdrawn(record(again), `m${number}`).state;
  assert.deepEqual([back.status, back.review, back.turn_over], ["cancelled", "to_review", undefined]);
});

Deno.test("a cancelled task is at rest when its attempt has said its last, also if it was queued and cancelled again", () => {
  const once = justCancelled();
  assert.throws(
    () => requireAtRest(record(once), "discard the changes of"),
    /its agent is still being ended.*Try again/,
  );
  const { waiting: _, ...retried } = { ...once, status: "queued" as const };
  const again = cancelled(record(retried), AT);
  assert.deepEqual(again.leaving, once.leaving);
  requireAtRest(record(afterLoss(again, RESULT)), "discard the changes of");
  const later = { ...RESULT, attempt: 2 };
  assert.deepEqual(afterLoss(again, later).leaving, once.leaving, "another attempt says nothing of this one");
});

Deno.test("what earlier turns have changed is looked at, also if the last attempt ends before it has anything to save", () => {
  const workspace = {
    kind: "worktree" as const,
    path: "/w",
    branch: "b",
    base_commit: "c1",
    head_commit: "c2",
  };
  const changes = { files: 5, additions: 5, deletions: 0, commits: 1 };
  const state = (more: Partial<TaskState>) =>
    ({ status: "cancelled", workspace, changes, ...more }) as TaskState;
  assert.equal(withWork(state({}), undefined).review, "to_review");
  for (const review of ["accepted", "discarded", "changes_requested"] as const) {
    assert.equal(withWork(state({ review }), undefined).review, review);
  }
  assert.equal(withWork(state({ status: "queued" }), undefined).review, undefined, "it goes on");
  assert.equal(withWork(state({ changes: undefined }), undefined).review, undefined);
  const unsaved = { ...workspace, unsaved: true };
  assert.equal(withWork(state({ workspace: unsaved }), undefined).review, undefined, "it is saved later");
});
