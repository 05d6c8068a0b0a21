/** The task's life: every operation in every state, and what the graph makes of ends. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../src/domain/errors.ts";
import { TaskStatus } from "../../src/domain/task.ts";
import { cascade, putBackByRetry, resettled } from "../../src/domain/cascade.ts";
import { checkDependencies, readiness } from "../../src/domain/dependencies.ts";
import { ReadyQueue } from "../../src/domain/queue.ts";
import { compareQueued } from "../fixtures/queue_order.ts";
import type { TaskRecord, TaskState } from "../../src/domain/task_record.ts";
import { progressed } from "../../src/domain/attempt/record_change.ts";
import * as attempts from "../../src/domain/attempt/task_transitions.ts";
import * as transitions from "../../src/domain/transitions.ts";

const CRASH = { orderly: false, isLeaving: true };
const SHUTDOWN = { orderly: true, isLeaving: true };
const AT = "2030-01-01T00:00:00.000Z";
const READY = { ready: true };

function task(status: TaskState["status"], more: Partial<TaskState> = {}, id = "t"): TaskRecord {
  return {
    id,
    spec: { type: "testing", priority: "medium", description: "d", created_at: AT, order: 1 },
    state: {
      status,
      progress: 0,
      retry_count: 0,
      attempt: 1,
      automatic_attempts: 1,
      attempts: [{ attempt: 1, agent: "a", started_at: AT }],
      ...more,
    },
  };
}

const OPERATIONS: Record<string, { from: TaskStatus[]; to: TaskStatus; apply(t: TaskRecord): TaskState }> = {
  start: {
    from: ["queued"],
    to: "running",
    apply: (t) => attempts.started(t, { node: "n", attempt: 1, fencing: 1 }, "a", AT),
  },
  complete: {
    from: ["running", "paused"],
    to: "completed",
    apply: (t) => attempts.ended(t, { outcome: "completed" }, AT),
  },
  fail: {
    from: ["running", "paused"],
    to: "failed",
    apply: (t) => attempts.ended(t, { outcome: "failed", failure: { kind: "bug", message: "x" } }, AT),
  },
  cancel: {
    from: ["pending", "queued", "running", "paused"],
    to: "cancelled",
    apply: (t) => transitions.cancelled(t, AT),
  },
  retry: {
    from: ["failed", "cancelled"],
    to: "queued",
    apply: (t) => transitions.retried(t, READY, true, AT, { fresh: false }),
  },
  pause: { from: ["pending", "queued", "running"], to: "paused", apply: (t) => transitions.paused(t) },
};

for (const [name, { from, to, apply }] of Object.entries(OPERATIONS)) {
  Deno.test(`${name}: allowed from ${from.join(", ")} only`, () => {
    for (const status of TaskStatus.options) {
      const before = task(status);
      if (from.includes(status)) assert.equal(apply(before).status, to, `${name} from ${status}`);
      else {
        assert.throws(() => apply(before), (error) => {
          assert.ok(error instanceof ApiError);
          assert.equal(error.code, "INVALID_FIELD_VALUE");
          assert.equal(error.details.field, "task_id");
          assert.equal(error.details.current_status, status);
          assert.deepEqual(error.details.expected, from);
          return true;
        });
      }
    }
  });
}

Deno.test("pause and resume: return to the earlier status", () => {
  for (const status of ["pending", "queued", "running"] as const) {
    const held = { ...task(status), state: transitions.paused(task(status)) };
    const back = transitions.resumed(held, { ready: status !== "pending" }, true, AT);
    assert.equal(back.status, status);
    assert.equal(back.paused_from, undefined);
  }
});

Deno.test("recovery: queued again and counted, resumed with a session, failed when attempts are used up", () => {
  const lost = attempts.recovered(task("running"), 3, CRASH, AT);
  assert.equal(lost.status, "queued");
  assert.equal(lost.retry_count, 1);
  assert.equal(lost.attempts[0]!.outcome, "interrupted");
  const session = { agent: "a", session_id: "s", working_dir: "/w" };
  const resumable = attempts.recovered(task("running", { session, progress: 40 }), 3, CRASH, AT);
  assert.deepEqual([resumable.status, resumable.retry_count, resumable.progress], ["queued", 0, 40]);
  const spent = attempts.recovered(task("running", { automatic_attempts: 3 }), 3, CRASH, AT);
  assert.equal(spent.status, "failed");
  assert.match(spent.error!, /all 3 attempts/);
  const orderly = attempts.recovered(task("running", { automatic_attempts: 3 }), 3, SHUTDOWN, AT);
  assert.equal(orderly.status, "queued", "a shutdown uses up no attempt");
  const held = attempts.recovered(task("paused", { paused_from: "running" }), 3, CRASH, AT);
  assert.deepEqual([held.status, held.paused_from], ["paused", "queued"]);
});

Deno.test("an attempt that was lost is followed by another, whatever has become of what the task depends on", () => {
  const lease = { node: "n", attempt: 2, fencing: 1 };
  const failed = { ready: false, failed_dependency: "d" };
  const end = { outcome: "failed", again: "at_once" } as const;
  const lost = {
    "with its server": attempts.recovered(task("running"), 3, CRASH, AT),
    "by a shutdown": attempts.recovered(task("running"), 3, SHUTDOWN, AT),
    "while paused": attempts.recovered(task("paused", { paused_from: "running" }), 3, CRASH, AT),
    "with its agent": attempts.triedAgain(task("running"), end, 3, undefined, AT),
    "with its agent, for later": attempts.triedAgain(task("running"), end, 3, AT, AT),
  };
  for (const [how, state] of Object.entries(lost)) {
    for (const becomes of [failed, { ready: false }]) {
      assert.equal(transitions.settle(state, becomes, true, AT).status, "queued", how);
    }
    const dependent = { ...task("queued"), state, spec: { ...task("queued").spec, dependencies: ["d"] } };
    const d = { ...task("failed", {}, "d") };
    const graph = { find: (id: string) => id === "d" ? d : dependent, dependentsOf: () => ["t"] };
    const after = cascade(graph, new Map([["d", d.state]]), Date.parse(AT)).get("t") ?? state;
    assert.notEqual(after.status, "failed", how);
    if (state.status === "paused") assert.equal(after, state, how);
    if (state.status === "paused") continue;
    const again = attempts.started({ ...dependent, state: { ...state, status: "queued" } }, lease, "a", AT);
    const over = {
      ...dependent,
      state: attempts.ended({ ...dependent, state: again }, { outcome: "failed" }, AT),
    };
    const retried = transitions.retried(over, failed, true, AT, { fresh: false });
    assert.equal(retried.failed_dependency, "d", "a retry asks for it again");
  }
});

Deno.test("progress: whole percents of the plan, never 100 before completion", () => {
  const of = (completed_steps: number, total_steps: number) =>
    progressed(task("running").state, { completed_steps, total_steps }, undefined).progress;
  assert.deepEqual([of(0, 3), of(1, 3), of(2, 3), of(3, 3), of(0, 0)], [0, 33, 66, 99, 0]);
  assert.equal(
    attempts.ended(task("running", { progress: 99 }), { outcome: "completed" }, AT).progress,
    100,
  );
});

Deno.test("errors are cut at 1,000 characters", () => {
  const state = attempts.ended(task("running"), {
    outcome: "failed",
    failure: { kind: "bug", message: "é".repeat(5000) },
  }, AT);
  assert.equal(state.error!.length, 1000);
});

Deno.test("dependencies: unknown tasks and the task itself are refused, naming what exists", () => {
  const known = new Map([["a", task("completed", {}, "a")]]);
  const check = (id: string, dependencies: string[]) =>
    checkDependencies(id, dependencies, (x) => known.get(x), () => known.keys());
  check("new", ["a"]);
  assert.throws(() => check("new", ["new"]), { code: "TASK_DEPENDENCY_ERROR" });
  assert.throws(() => check("new", ["zzz"]), (error: ApiError) => {
    assert.deepEqual(error.details, { task_id: "new", dependency_id: "zzz", available_tasks: ["a"] });
    return true;
  });
});

/** A random forest of tasks: each may depend on earlier ones only, as creation enforces. */
const graphs = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 }).map((edges) =>
  edges.map((picks, i) =>
    [...new Set(picks.map((p) => p % Math.max(1, i)).filter((p) => p < i))].map((p) => `t${p}`)
  )
);

function world(dependencies: string[][]) {
  const tasks = new Map(dependencies.map((list, i) => {
    const record = task("pending", {}, `t${i}`);
    record.spec.dependencies = list;
    if (list.length === 0) record.state.status = "queued";
    return [record.id, record];
  }));
  const graph = {
    find: (id: string) => tasks.get(id),
    dependentsOf: (id: string) =>
      [...tasks.values()].filter((t) => t.spec.dependencies!.includes(id)).map((t) => t.id),
  };
  return { tasks, graph };
}

Deno.test("cascade: a failure fails exactly the transitive dependents, and a retry queues exactly those again", () => {
  fc.assert(fc.property(graphs, (dependencies) => {
    const { tasks, graph } = world(dependencies);
    const root = { ...tasks.get("t0")!.state, status: "failed" as const };
    const states = cascade(graph, new Map([["t0", root]]), 0, 1000);
    const reachable = new Set<string>();
    for (const todo = ["t0"]; todo.length > 0;) {
      for (const child of graph.dependentsOf(todo.shift()!)) {
        if (!reachable.has(child)) todo.push(child), reachable.add(child);
      }
    }
    assert.equal(states.get("t0"), root);
    states.delete("t0");
    assert.deepEqual(new Set(states.keys()), reachable);
    for (const state of states.values()) {
      assert.equal(state.status, "failed");
      assert.match(state.error!, /^Dependency 't\d+' failed$/);
    }
    tasks.get("t0")!.state = root;
    for (const [id, state] of states) tasks.get(id)!.state = state;
    assert.deepEqual(new Set(putBackByRetry(graph, "t0", Infinity).keys()), reachable);
  }));
});

Deno.test("cascade: completion releases exactly the tasks whose dependencies are all completed", () => {
  fc.assert(fc.property(graphs, fc.array(fc.nat(), { maxLength: 20 }), (dependencies, done) => {
    const { tasks, graph } = world(dependencies);
    for (const i of done) tasks.get(`t${i % dependencies.length}`)!.state.status = "completed";
    const root = { ...tasks.get("t0")!.state, status: "completed" as const };
    const states = cascade(graph, new Map([["t0", root]]), 0, 1000);
    tasks.get("t0")!.state = root;
    for (const id of graph.dependentsOf("t0")) {
      const child = tasks.get(id)!;
      if (child.state.status !== "pending") continue;
      const all = child.spec.dependencies!.every((d) => tasks.get(d)!.state.status === "completed");
      assert.equal(states.get(id)?.status, all ? "queued" : undefined);
    }
  }));
});

Deno.test("readiness: removed dependencies do not hold a task back", () => {
  assert.deepEqual(readiness({ dependencies: ["gone"] }, () => undefined), { ready: true });
});

Deno.test("queue: priority, then age, regardless of the order of arrival", () => {
  const entry = fc.record({
    p: fc.constantFrom("low", "medium", "high", "critical"),
    boost: fc.integer({ min: -100, max: 100 }),
  });
  fc.assert(fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
    const records = entries.map(({ p, boost }, i) => {
      const record = task("queued", {}, `t${i}`);
      record.spec.priority = p as "low";
      record.spec.order = i;
      record.spec.execution = { priority_boost: boost };
      return record;
    });
    const queue = new ReadyQueue();
    for (const record of records) queue.add(record);
    const taken: TaskRecord[] = [];
    for (let next = queue.take(() => "start"); next; next = queue.take(() => "start")) taken.push(next);
    assert.deepEqual(taken, [...records].sort(compareQueued));
  }));
});

Deno.test("retry delay: doubles up to its bound, minus a random part of at most half", () => {
  const policy = { retry_delay_ms: 1000, retry_delay_max_ms: 10_000 };
  const delays = (chance: number) => [1, 2, 3, 4, 5, 100].map((n) => attempts.retryDelay(n, policy, chance));
  assert.deepEqual(delays(0), [1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.deepEqual(delays(1), [500, 1000, 2000, 4000, 5000, 5000]);
});

Deno.test("unresponsive: waits for its next attempt, with the session where there is one; fails at the last", () => {
  const end = {
    outcome: "unresponsive",
    failure: { kind: "unresponsive", message: "No sign of life" },
  } as const;
  const running = task("running");
  const after = (changes: Partial<TaskRecord["state"]>) =>
    attempts.triedAgain(
      { ...running, state: { ...running.state, progress: 50, automatic_attempts: 1, ...changes } },
      end,
      2,
      "2030-01-01T00:00:00.000Z",
      AT,
    );
  const waiting = after({});
  assert.deepEqual(
    [waiting.status, waiting.progress, waiting.retry_count, waiting.not_before, waiting.lease],
    ["pending", 0, 1, "2030-01-01T00:00:00.000Z", undefined],
  );
  const session = { agent: "a", session_id: "s", working_dir: "/" };
  assert.deepEqual([after({ session }).progress, after({ session }).session], [50, session]);
  const lost = attempts.triedAgain(
    { ...running, state: { ...running.state, progress: 50, session } },
    { ...end, losesSession: true },
    2,
    "2030-01-01T00:00:00.000Z",
    AT,
  );
  assert.deepEqual([lost.progress, lost.session], [0, undefined]);
  const failed = after({ automatic_attempts: 2 });
  assert.deepEqual([failed.status, failed.not_before], ["failed", undefined]);
  assert.equal(failed.error, "No sign of life, and all 2 attempts are used up");
});

Deno.test("attempts that end by the agent's death, its silence or the server's are counted together", () => {
  const lease = { node: "n", attempt: 1, fencing: 1 };
  const died = { outcome: "failed", failure: { kind: "agent_crashed", message: "Killed" } } as const;
  const silent = { outcome: "unresponsive", failure: { kind: "unresponsive", message: "Silent" } } as const;
  const ends: Record<string, (t: TaskRecord) => TaskRecord["state"]> = {
    death: (t) => attempts.triedAgain(t, died, 3, undefined, AT),
    silence: (t) => attempts.triedAgain(t, silent, 3, "2030-01-01T00:00:00.000Z", AT),
    crash: (t) => attempts.recovered(t, 3, CRASH, AT),
  };
  const three = fc.array(fc.constantFrom(...Object.keys(ends)), { minLength: 3, maxLength: 3 });
  fc.assert(fc.property(three, (kinds) => {
    let record = task("queued");
    record = {
      ...record,
      state: {
        ...record.state,
        automatic_attempts: 0,
        session: { agent: "a", session_id: "s", working_dir: "/" },
      },
    };
    const statuses = kinds.map((kind) => {
      const running = { ...record, state: attempts.started(record, lease, "a", AT) };
      const state = ends[kind]!(running);
      record = {
        ...record,
        state: { ...state, status: state.status === "pending" ? "queued" : state.status },
      };
      return record.state.status;
    });
    assert.deepEqual(statuses, ["queued", "queued", "failed"]);
    assert.equal(record.state.failure?.kind, kinds[2] === "silence" ? "unresponsive" : "agent_crashed");
    assert.equal(record.state.session?.session_id, "s");
    const retried = transitions.retried(record, READY, true, AT, { fresh: false });
    assert.deepEqual([retried.status, retried.automatic_attempts], ["queued", 0]);
  }));
});

Deno.test("a queued task does not wait for its time again on a node whose clock is behind", () => {
  const waiting = task("pending");
  const timed = { ...waiting, spec: { ...waiting.spec, scheduled_time: "2030-01-01T00:00:10.000Z" } };
  const now_ms = Date.parse(AT);
  const graph = { find: () => undefined, dependentsOf: () => [] };
  assert.equal(resettled(graph, timed, now_ms), undefined);
  assert.equal(resettled(graph, timed, now_ms + 10_000)!.status, "queued");
  const queued = { ...timed, state: { ...timed.state, status: "queued" as const } };
  assert.equal(resettled(graph, queued, now_ms), undefined);
});
