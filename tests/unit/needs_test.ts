/** What a task needs a person for: one rule, the most urgent first. */
import assert from "node:assert/strict";
import { asksOf, countsOf } from "../../src/cli/asks.ts";
import { type Need, needOf, NEEDS, needsOf } from "../../src/domain/needs.ts";
import type { PullRequest } from "../../src/domain/pull_request.ts";
import { type Task, TaskStatus } from "../../src/domain/task.ts";

const pull: PullRequest = {
  id: "1",
  number: 7,
  url: "https://forge.test/7",
  state: "open",
  draft: false,
  head: "abc",
  checks: "failing",
  review: "none",
  mergeable: "mergeable",
};
const feedback = [{ kind: "check" as const, id: "c1", title: "lint", text: "line 3" }];
const permission = {
  permission_id: "p1",
  title: "Edit x",
  tool_call: {},
  options: [],
  expires_at: "2026-01-02",
};

function task(id: string, status: TaskStatus, more: Partial<Task> = {}): Task {
  return {
    id,
    type: "feature",
    priority: "medium",
    description: `Do ${id}`,
    status,
    progress: 0,
    created_at: "2026-01-01",
    retry_count: 0,
    attempt: 1,
    ...more,
  };
}

/** For each need, a task that has it and nothing else. */
const EXAMPLES: Record<Need, Task> = {
  permission: task("permission", "running", { pending_permissions: [permission] }),
  question: task("question", "running", {
    pending_questions: [{ question_id: "q1", message: "Which?", expires_at: "2026-01-03" }],
  }),
  approval: task("approval", "paused", { waiting_for: { kind: "approval", message: "Deploy?" } }),
  budget: task("budget", "paused", { waiting_for: { kind: "budget" }, execution: { max_cost_usd: 1 } }),
  conflict: task("conflict", "completed", { pull_request: { ...pull, mergeable: "conflicting" } }),
  feedback: task("feedback", "completed", { pull_request: { ...pull, feedback } }),
  changes_requested: task("changes_requested", "failed", { review: "changes_requested" }),
  review: task("review", "completed", {
    review: "to_review",
    changes: { files: 2, additions: 12, deletions: 4, commits: 1 },
  }),
};

Deno.test("needs: each need has a state of a task; archived tasks need nobody", () => {
  for (const need of NEEDS) {
    assert.deepEqual(needsOf(EXAMPLES[need]), [need]);
    assert.equal(needOf({ ...EXAMPLES[need], archived: true }), undefined, need);
  }
  for (const status of TaskStatus.options) {
    for (const review of ["none", "accepted", "discarded"] as const) {
      assert.equal(needOf(task("quiet", status, { review })), undefined);
    }
  }
});

Deno.test("needs: what is to be judged waits until the task is over; a closed pull request needs nobody", () => {
  for (const status of ["pending", "queued", "running", "paused"] as const) {
    const busy = task("busy", status, {
      review: "to_review",
      pull_request: { ...pull, mergeable: "conflicting", feedback },
    });
    assert.equal(needOf(busy), undefined, status);
  }
  const merged = task("merged", "completed", {
    pull_request: { ...pull, state: "merged", mergeable: "conflicting" },
  });
  assert.equal(needOf(merged), undefined);
  const unresolved = { unresolved: ["a.txt"] };
  assert.equal(needOf(task("resolving", "running", unresolved)), undefined);
  const left = task("left", "completed", unresolved);
  assert.equal(needOf(left), "conflict");
  assert.deepEqual(asksOf([left]).map(({ command }) => command), ["diff left"]);
});

Deno.test("asks: paths are told from the task's folder: that of a worktree is long", () => {
  const workspace = { kind: "worktree" as const, path: "/data/worktrees/t", branch: "b" };
  const asked = { ...permission, title: "/data/worktrees/t/src/a.ts", tool_call: { kind: "edit" } };
  const [ask] = asksOf([task("t", "running", { workspace, pending_permissions: [asked] })]);
  assert.equal(ask!.what, "edit: src/a.ts");
});

Deno.test("needs: the budget of a day needs nobody, as it is over by itself; nor does a task below one whose budget is spent", () => {
  const day = { kind: "budget" as const, until: "2026-01-03T00:00:00.000Z" };
  assert.deepEqual(needsOf(task("of_a_day", "queued", { waiting_for: day })), []);
  assert.deepEqual(needsOf(task("below", "queued", { waiting_for: { kind: "budget" } })), []);
  const tokens = { waiting_for: { kind: "budget" as const }, execution: { max_tokens: 10 } };
  assert.deepEqual(asksOf([task("own", "paused", tokens)]).map(({ command }) => command), [
    "resume own --max-tokens N",
  ]);
});

Deno.test("asks: everything is listed, the most urgent first, each with the command that answers it", () => {
  const two = task("two", "running", {
    pending_permissions: [{ ...permission, permission_id: "late", expires_at: "2026-01-09" }, permission],
  });
  const asks = asksOf([...Object.values(EXAMPLES).reverse(), two]);
  assert.deepEqual(asks.map(({ kind, command }) => `${kind}: ${command}`), [
    "permission: allow permission",
    "permission: allow two p1",
    "permission: allow two late",
    "question: answer question",
    "approval: task approval",
    "budget: resume budget --max-cost USD",
    "conflict: update conflict --resolve agent",
    "feedback: task feedback",
    "changes_requested: diff changes_requested",
    "review: diff review",
  ]);
  assert.equal(asks.at(-1)!.what, "2 files +12 −4: Do review");
  assert.equal(
    asks.at(-2)!.what,
    "the agent has not gone on with what was asked: failed: Do changes_requested",
  );
  assert.equal(
    countsOf(asks),
    "3 permission, 1 question, 1 approval, 1 budget, 1 conflict, 1 feedback, 1 changes requested, 1 to review",
  );
});
