/** What each task waits for, decided from its record, the other tasks and the slots. */
import assert from "node:assert/strict";
import type { TaskRecord, TaskState } from "../../src/domain/task_record.ts";
import { WaitingFor, WaitingKind } from "../../src/domain/waiting_for.ts";
import { type Surroundings, waitingFor } from "../../src/domain/waiting_rule.ts";
import { waitingWords } from "../../src/protocol/waiting_words.ts";

const NOW = Date.parse("2026-03-01T12:00:00.000Z");
const SOON = "2026-03-01T12:05:00.000Z";
const LATER = "2026-03-01T14:00:00+01:00";

function task(id: string, state: Partial<TaskState>, spec: Partial<TaskRecord["spec"]> = {}): TaskRecord {
  return {
    id,
    spec: {
      type: "testing",
      priority: "low",
      description: id,
      created_at: "2026-03-01T10:00:00.000Z",
      order: 1,
      ...spec,
    },
    state: {
      status: "pending",
      progress: 0,
      retry_count: 0,
      attempt: 0,
      automatic_attempts: 0,
      attempts: [],
      ...state,
    },
  };
}

function reason(of: TaskRecord, around: Partial<Surroundings> = {}, others: TaskRecord[] = []) {
  const known = new Map(others.map((one) => [one.id, one]));
  return waitingFor(of, {
    find: (id) => known.get(id),
    now_ms: NOW,
    bottleneck: "slot",
    permissions: [],
    questions: [],
    ...around,
  });
}

Deno.test("waiting for: each kind has its words, with its time in the reader's way, and its line in the documents", async () => {
  const time = (iso: string) => `[${iso.slice(11, 16)}]`;
  const until = SOON;
  const words: [WaitingFor, string][] = [
    [{ kind: "dependency", task_ids: ["a", "b"] }, "a, b"],
    [{ kind: "time", until }, "its time, [12:05]"],
    [{ kind: "slot" }, "a free slot"],
    [{ kind: "agent_start" }, "other agents to start"],
    [
      { kind: "provider_limit", agent: "claude", until, reason: "limit reached" },
      "claude's limit until [12:05]",
    ],
    [
      { kind: "provider_limit", agent: "claude", until, reason: "limit reached", first: "a" },
      "claude's limit: a goes first, to see whether it is over",
    ],
    [{ kind: "budget" }, "a higher budget"],
    [{ kind: "budget", until }, "the next day's budget until [12:05]"],
    [{ kind: "concurrency", by: "working_dir", task_ids: ["a"] }, "a (same folder)"],
    [{ kind: "retry", until }, "its next attempt, [12:05]"],
    [{ kind: "permission", permission_id: "p" }, "an answer to its permission request"],
    [{ kind: "question", question_id: "q", until }, "an answer to its question until [12:05]"],
    [{ kind: "node" }, "a node that can run it"],
    [{ kind: "disk" }, "room on the disk"],
    [{ kind: "disk", until, reason: "No space left" }, "room on the disk, tried again [12:05]"],
    [{ kind: "approval", message: "Deploy?" }, "an approval: Deploy?"],
    [{ kind: "paused" }, "someone to resume it"],
  ];
  for (const [waiting_for, said] of words) assert.equal(waitingWords(waiting_for, time), said);
  const kinds = new Set(words.map(([{ kind }]) => kind));
  assert.deepEqual([...kinds], WaitingKind.options);
  const page = await Deno.readTextFile(new URL("../../docs/overnight.md", import.meta.url));
  const listed = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \|.*\|$/gm)].map(([, kind]) => kind);
  assert.deepEqual(listed.filter((kind) => kinds.has(kind as WaitingKind)), WaitingKind.options);
});

Deno.test("waiting for: the dependencies that are not completed yet, before any time", () => {
  const others = [
    task("done", { status: "completed" }),
    task("runs", { status: "running" }),
    task("asleep", {}),
  ];
  const spec = { dependencies: ["done", "runs", "removed", "asleep"], scheduled_time: SOON };
  assert.deepEqual(reason(task("t", {}, spec), {}, others), {
    kind: "dependency",
    task_ids: ["runs", "asleep"],
  });
});

Deno.test("waiting for: its scheduled time or its next attempt, whichever is later", () => {
  assert.deepEqual(reason(task("t", {}, { scheduled_time: LATER })), {
    kind: "time",
    until: "2026-03-01T13:00:00.000Z",
  });
  assert.deepEqual(reason(task("t", { not_before: SOON })), { kind: "retry", until: SOON });
  const both = task("t", { not_before: SOON }, { scheduled_time: LATER });
  assert.equal(reason(both)?.kind, "time");
  // Nothing holds it back: the next commit queues it.
  assert.deepEqual(reason(task("t", { not_before: SOON }), { now_ms: NOW + 3_600_000 }), { kind: "slot" });
});

Deno.test("waiting for: a queued task waits for what keeps the next one from starting", () => {
  for (const bottleneck of ["slot", "agent_start"] as const) {
    assert.deepEqual(reason(task("t", { status: "queued" }), { bottleneck }), { kind: bottleneck });
  }
});

Deno.test("waiting for: a queued task waits for the node that still ends the agent of its cancelled attempt", () => {
  const around: Partial<Surroundings> = { left_on: "north", held_up: { by: "project", task_ids: ["other"] } };
  assert.deepEqual(reason(task("t", { status: "queued" }), around), { kind: "node", node: "north" });
});

Deno.test("waiting for: a running task waits only for the oldest open permission request", () => {
  const permissions = [
    { permission_id: "p1", expires_at: "2026-03-01T12:00:01.000Z" },
    { permission_id: "p2", expires_at: "2026-03-01T12:00:02.000Z" },
  ];
  assert.equal(reason(task("t", { status: "running" })), undefined);
  assert.deepEqual(reason(task("t", { status: "running" }), { permissions }), {
    kind: "permission",
    permission_id: "p1",
    until: "2026-03-01T12:00:01.000Z",
  });
  const questions = [{ question_id: "q0", agent_goes_on: true }, { question_id: "q1", expires_at: LATER }];
  assert.deepEqual(reason(task("t", { status: "running" }), { questions }), {
    kind: "question",
    question_id: "q1",
    until: LATER,
  });
  assert.equal(reason(task("t", { status: "running" }), { questions, permissions })?.kind, "permission");
  assert.equal(
    reason(task("t", { status: "running" }), { questions: questions.slice(0, 1) }),
    undefined,
    "the agent goes on",
  );
  const paused = task("t", { status: "paused", paused_from: "running" });
  assert.deepEqual(reason(paused, { permissions }), { kind: "paused" });
});

Deno.test("waiting for: a finished task waits for nothing", () => {
  for (const status of ["completed", "failed", "cancelled"] as const) {
    assert.equal(reason(task("t", { status, not_before: SOON }, { dependencies: ["x"] })), undefined);
  }
});

Deno.test("waiting for: every kind in the contract is declared", () => {
  const kinds = WaitingFor.options.map((option) => option.shape.kind.value);
  assert.deepEqual([...kinds].sort(), [
    "agent_start",
    "approval",
    "budget",
    "concurrency",
    "dependency",
    "disk",
    "node",
    "paused",
    "permission",
    "provider_limit",
    "question",
    "retry",
    "slot",
    "time",
  ]);
});
