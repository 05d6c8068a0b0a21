/** When a dependency counts as done, what a task takes over from it, and when that is out of date. */
import assert from "node:assert/strict";
import { readiness, type Standing, standingOf } from "../../src/domain/dependencies.ts";
import { begunWith, inheritedWork, isStale } from "../../src/domain/inheritance.ts";
import type { After } from "../../src/domain/task.ts";
import type { TaskRecord, TaskSpec, TaskState } from "../../src/domain/task_record.ts";
import { TASK_STATUSES } from "../../src/domain/task_values.ts";
import { Review } from "../../src/domain/workspace.ts";

function record(id: string, state: Partial<TaskState>, spec: Partial<TaskSpec> = {}): TaskRecord {
  return { id, spec, state: { status: "completed", ...state } } as TaskRecord;
}

const among = (...tasks: TaskRecord[]) => (id: string) => tasks.find((one) => one.id === id);

Deno.test("dependents: by default, a dependency is done when it is completed, whatever becomes of its changes", () => {
  for (const status of TASK_STATUSES) {
    for (const review of [undefined, ...Review.options]) {
      const expected: Standing = status === "completed"
        ? "done"
        : status === "failed" || status === "cancelled"
        ? "failed"
        : "open";
      assert.equal(standingOf({ status, review }), expected);
      assert.equal(standingOf({ status, review }, "completed"), expected);
    }
  }
});

Deno.test("dependents: after accepted, it is done when its changes are accepted, or there are none", () => {
  const table: [TaskState["status"], TaskState["review"], Standing][] = [
    ["completed", "accepted", "done"],
    ["completed", "none", "done"],
    ["completed", undefined, "done"],
    ["completed", "to_review", "open"],
    ["completed", "changes_requested", "open"],
    ["completed", "discarded", "discarded"],
    ["failed", "to_review", "failed"],
    ["failed", "accepted", "done"],
    ["cancelled", "accepted", "done"],
    ["cancelled", "discarded", "discarded"],
    // It goes on after its changes have been judged.
    ["running", "accepted", "open"],
    ["queued", "discarded", "open"],
  ];
  for (const [status, review, expected] of table) {
    assert.equal(standingOf({ status, review }, "accepted"), expected, `${status} ${review}`);
  }
});

Deno.test("dependents: readiness names the one that failed, and that its changes were discarded", () => {
  const find = among(
    record("a", { review: "accepted" }),
    record("b", { review: "to_review" }),
    record("c", { review: "discarded" }),
  );
  const of = (dependencies: string[], after?: After) =>
    readiness({ dependencies, execution: { after } }, find);
  assert.deepEqual(of(["a", "b", "c", "gone"]), { ready: true });
  assert.deepEqual(of(["a", "gone"], "accepted"), { ready: true });
  assert.deepEqual(of(["a", "b"], "accepted"), { ready: false });
  assert.deepEqual(of(["b", "c"], "accepted"), { ready: false, failed_dependency: "c", isDiscarded: true });
});

Deno.test("dependents: what is inherited, by what has become of the dependency", () => {
  const worktree = {
    kind: "worktree" as const,
    path: "/w",
    common_dir: "/r/.git",
    branch: "b",
    base_commit: "1",
  };
  const find = among(
    record("open", { workspace: { ...worktree, head_commit: "2" } }),
    record("squashed", {
      review: "accepted",
      refs_dir: "/r/.git",
      refs: ["refs/opencode-agents/accepted/squashed"],
      accepted: { method: "squash", into: "main", commit: "4", head: "3", at: "" },
    }),
    record("merged", {
      review: "accepted",
      refs_dir: "/r/.git",
      refs: ["refs/opencode-agents/accepted/merged"],
    }),
    record("discarded", { review: "discarded" }),
    record("folder", { workspace: { ...worktree, kind: "folder" } }),
    record("plain", {}),
  );
  const dependencies = ["open", "squashed", "merged", "discarded", "folder", "plain", "gone"];
  const of = (execution: TaskSpec["execution"], state: Partial<TaskState> = {}) =>
    inheritedWork(record("t", state, { dependencies, execution }), find);
  assert.deepEqual(
    of(undefined).map(({ task_id, commits, absent }) => [task_id, commits, absent !== undefined]),
    [
      ["open", ["refs/heads/b", "2"], false],
      ["squashed", ["3", "refs/opencode-agents/accepted/squashed"], false],
      ["merged", ["refs/opencode-agents/accepted/merged"], false],
      ["discarded", undefined, true],
      ["folder", undefined, true],
      ["plain", undefined, false],
      ["gone", undefined, true],
    ],
  );
  assert.deepEqual([of({ inherit: "results" }), of({ inherit: "none" })], [[], []]);
  assert.deepEqual(of(undefined, { review: "accepted" }), []);
});

Deno.test("dependents: one is stale once a dependency has gone on or was discarded since it began", () => {
  const before = record("a", { turn: 2 });
  const begun_with = begunWith({ dependencies: ["a", "gone"] } as TaskSpec, among(before));
  const isStaleWith = (state: Partial<TaskState>, own: Partial<TaskState> = {}) =>
    isStale(record("t", { begun_with, ...own }), among(record("a", { turn: 2, ...state })));
  assert.equal(isStaleWith({}), false);
  assert.equal(isStaleWith({ review: "accepted" }), false);
  assert.equal(isStaleWith({ status: "queued", reopened: {} as TaskState["reopened"] }), true);
  assert.equal(isStaleWith({ turn: 3 }), true);
  assert.equal(isStaleWith({ review: "discarded" }), true);
  for (const review of ["accepted", "discarded"] as const) {
    assert.equal(isStaleWith({ turn: 3 }, { review }), false);
  }
  assert.equal(isStale(record("t", { begun_with }), among()), false);
  assert.equal(isStale(record("t", {}), among(record("a", { turn: 3 }))), false);
  const discarded = begunWith(
    { dependencies: ["a"] } as TaskSpec,
    among(record("a", { review: "discarded" })),
  );
  assert.equal(
    isStale(record("t", { begun_with: discarded }), among(record("a", { review: "discarded" }))),
    false,
  );
});
