/** The shell round an attempt's machine: what it starts, signals and stores, over the real store and a scripted agent. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { Run, RunListener, RunOutcome } from "../../src/domain/run.ts";
import type { RunRequest, TurnMessage } from "../../src/domain/run_request.ts";
import type { Workspaces } from "../../src/domain/task_workspaces.ts";
import { cancelled, created } from "../../src/domain/transitions.ts";
import type { SavedWork, StoredWorkspace } from "../../src/domain/workspace.ts";
import { RunningAttempt } from "../../src/engine/attempt/running_attempt.ts";
import { type DomainEvent, EventBus } from "../../src/engine/events.ts";
import { RememberedAnswers } from "../../src/engine/remembered_answers.ts";
import { AgentHolds } from "../../src/engine/holds/agent_holds.ts";
import type { RunContext, RunSettings } from "../../src/engine/run_context.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { claim, insert } from "../../src/store/queue.ts";
import { inPlace } from "../fixtures/in_place.ts";
import { NO_PROJECTS } from "../fixtures/no_projects.ts";

const AT = "2030-01-01T00:00:00.000Z";

/** An agent that does what the test says. */
class ScriptedRun implements Run {
  readonly pid = 77;
  readonly asked: string[] = [];
  readonly #ended = Promise.withResolvers<RunOutcome>();
  readonly outcome = this.#ended.promise;
  readonly listener: RunListener;
  readonly request: RunRequest;
  next: Run["next"];
  /** How long each signal takes to arrive, or what it fails of. */
  readonly signals: Promise<void>[] = [];

  constructor(request: RunRequest, listener: RunListener) {
    this.request = request;
    this.listener = listener;
  }

  end(outcome: RunOutcome): void {
    this.#ended.resolve(outcome);
  }

  break(error: Error): void {
    this.#ended.reject(error);
  }

  async stop(): Promise<void> {
    this.asked.push("stop");
    this.end({ status: "stopped", output: "so far" });
    await this.outcome;
  }

  async pause(): Promise<void> {
    await this.signals.shift();
    this.asked.push("pause");
  }

  async resume(): Promise<void> {
    await this.signals.shift();
    this.asked.push("resume");
  }

  answerPermission(): boolean {
    return false;
  }
}

/** `arrange` is called with the agent before its start is told. */
async function world(more: Partial<RunContext> = {}, arrange: (run: ScriptedRun) => void = () => {}) {
  const store = await loadStore(new MemoryKeyValue(), systemClock);
  const bus = new EventBus();
  const events: DomainEvent[] = [];
  bus.listen((event) => void events.push(event));
  const entries: string[] = [];
  store.changes.subscribe("log", (some) => some.forEach(({ entry }) => entries.push(entry.message)));
  const started = Promise.withResolvers<ScriptedRun>();
  const index = new TaskIndex(store.tasks, store.changes);
  const settings: RunSettings = {
    agents: { scripted: { protocol: "acp", command: ["scripted"], env: {}, pass_env: [] } },
    default_timeout_ms: 60_000,
    permissions: "ask",
    permission_rules: [],
    permission_timeout_ms: 60_000,
    permission_timeout_action: "deny",
    checks: {},
    permission_park_ms: 0,
    client_commands: true,
    delegate: false,
    session_timeout_ms: 60_000,
    unresponsive_after_ms: 0,
    unresponsive_limit_ms: 0,
    retry_delay_ms: 1000,
    retry_delay_max_ms: 1000,
    ...NO_PROJECTS,
    agentFor: () => "scripted",
    provider_limit: { max_wait_ms: 86_400_000 },
    retry: {},
    pricing: {},
    timezone: "UTC",
    projects: () => ({}),
  };
  const context: RunContext = {
    clock: systemClock,
    store,
    index,
    bus,
    runner: {
      start: (request, listener) => {
        const run = new ScriptedRun(request, listener);
        arrange(run);
        started.resolve(run);
        return Promise.resolve(run);
      },
      endStrays: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    },
    working_dirs: { resolve: () => Promise.resolve("/folder"), real: (path) => Promise.resolve(path) },
    workspaces: { open: inPlace },
    settings,
    remembered: new RememberedAnswers({ clock: systemClock, store, settings }),
    holds: new AgentHolds({ clock: systemClock, store, index, bus, settings, canHold: () => true }),
    max_attempts: 1,
    ...more,
  };
  const spec = {
    type: "testing",
    priority: "low",
    description: "d",
    created_at: AT,
    order: 1,
    execution: more.workspaces && { isolation: "worktree" as const },
  } as const;
  const record = { spec, state: created({ ready: true }, true, AT), reads: [] };
  await insert(store.tasks, "t", () => record, OWNER);
  const lost = new AbortController();
  const terms = { node: store.node.node, fencing: store.node.epoch, attempt: 1 };
  const lease = { terms, lost: lost.signal };
  const task = (await claim(store.tasks, store.tasks.get("t")!, terms, "scripted", AT, () => true))!;
  const attempt = new RunningAttempt(context, task, lease, "scripted");
  return {
    store,
    events,
    entries,
    attempt,
    task,
    lose: () => lost.abort(),
    agent: started.promise,
    state: () => store.tasks.get("t")!.state,
    output: async () => {
      const message = await store.messages.get("t", 2);
      return message && { ...message, output: message.text };
    },
  };
}

Deno.test("a run that breaks fails its task, which would otherwise run forever", async () => {
  const { store, attempt, task, agent, state } = await world();
  const over = attempt.execute(task);
  (await agent).break(new TypeError("x is undefined"));
  await over;
  assert.deepEqual([state().status, state().lease], ["failed", undefined]);
  assert.match(String(state().error), /The run broke: x is undefined/);
  await store.close();
});

Deno.test("an attempt is prepared, started, followed and saved", async () => {
  const { store, attempt, task, agent, state, output, events, entries } = await world();
  const over = attempt.execute(task);
  const run = await agent;
  const { listener, request } = run;
  assert.deepEqual([request.attempt, request.working_dir, request.resume], [1, "/folder", undefined]);
  void listener({ kind: "started", pid: 77 });
  // The agent is held back until its session is stored.
  await listener({ kind: "session", session_id: "s", resumable: true, resumed: false });
  assert.deepEqual(state().session, {
    agent: "scripted",
    session_id: "s",
    working_dir: "/folder",
    node: "node_1",
    opened_at: undefined,
  });
  await attempt.ready;
  void listener({ kind: "progress", completed_steps: 1, total_steps: 4 });
  run.end({ status: "completed", output: "done" });
  await over;
  const { status, lease, turn, attempts } = state();
  assert.deepEqual([status, lease, turn], ["completed", undefined, 1]);
  assert.deepEqual(attempts.map(({ attempt, turn, outcome }) => [attempt, turn, outcome]), [[
    1,
    1,
    "completed",
  ]]);
  assert.equal((await output())?.output, "done");
  assert.deepEqual(run.asked, []);
  await store.logs.flush();
  assert.deepEqual(entries, ["Attempt 1 started with agent 'scripted'", "Task completed"]);
  const statuses = events.flatMap((event) => event.kind === "agent.changed" ? [event.agent.status] : []);
  assert.deepEqual([statuses[0], statuses[1], statuses.at(-1)], ["starting", "running", "stopping"]);
  await store.close();
});

Deno.test("an attempt whose lease is lost ends its agent and stores nothing more", async () => {
  const { store, attempt, task, agent, state, output, entries, lose } = await world();
  const over = attempt.execute(task);
  const run = await agent;
  await run.listener({ kind: "started", pid: 77 });
  await store.logs.flush();
  const before = state();
  lose();
  await run.listener({ kind: "log", level: "info", message: "too late", source: "stdout" });
  await run.listener({ kind: "session", session_id: "s", resumable: true, resumed: false });
  await over;
  assert.deepEqual(run.asked, ["stop"]);
  assert.equal(state(), before);
  assert.equal(await output(), undefined);
  await store.logs.flush();
  assert.deepEqual(entries, ["Attempt 1 started with agent 'scripted'"]);
  await store.close();
});

Deno.test("an attempt that is cancelled before its agent starts starts none", async () => {
  const found = Promise.withResolvers<string>();
  let isStarted = false;
  const { store, attempt, task, agent, state } = await world({
    working_dirs: { resolve: () => found.promise, real: (path) => Promise.resolve(path) },
  });
  void agent.then(() => isStarted = true);
  const over = attempt.execute(task);
  const stopped = attempt.stop();
  found.resolve("/folder");
  await Promise.all([over, stopped]);
  assert.equal(isStarted, false);
  assert.equal(attempt.pid, undefined);
  assert.equal(state().attempts[0]!.outcome, "failed");
  await store.close();
});

Deno.test("an unavailable agent fails the attempt with an error that clients can read", async () => {
  const failing = (error: Error) => ({
    start: () => Promise.reject(error),
    endStrays: () => Promise.resolve(0),
    close: () => Promise.resolve(),
  });
  for (
    const [error, told] of [
      [new ApiError("FILE_NOT_FOUND", "scripted is not installed"), "scripted is not installed"],
      [new Error("a secret of the server"), "Internal error"],
    ] as const
  ) {
    const { store, attempt, task, state } = await world({ runner: failing(error) });
    await attempt.execute(task);
    assert.deepEqual([state().status, state().error], ["failed", told]);
    await store.close();
  }
});

const WORKTREE: StoredWorkspace = { kind: "worktree", path: "/worktrees/t", branch: "opencode-agents/t" };
const CHANGES = { files: 1, additions: 2, deletions: 0, commits: 1 };

/** A workspace that is saved as the test says. */
function savedAs(work: (isOver: boolean, signal: AbortSignal) => Promise<SavedWork>): Partial<RunContext> {
  const workspaces: Workspaces = {
    open: async (_task, record) => {
      await record(WORKTREE);
      return { working_dir: WORKTREE.path, hasWork: true, save: work };
    },
  };
  return { workspaces };
}

Deno.test("the work of an attempt is saved before its end is stored, and is for review", async () => {
  let isRunning: boolean | undefined;
  const { store, attempt, task, agent, state } = await world(savedAs((isOver) => {
    isRunning = state().status === "running" && isOver;
    const workspace = { ...WORKTREE, head_commit: "b" };
    return Promise.resolve({ workspace, changes: CHANGES });
  }));
  const over = attempt.execute(task);
  const run = await agent;
  assert.deepEqual([run.request.working_dir, state().workspace], [WORKTREE.path, WORKTREE]);
  run.end({ status: "completed", output: "" });
  await over;
  assert.equal(isRunning, true);
  const { status, workspace, changes, review } = state();
  assert.deepEqual([status, workspace?.head_commit, changes, review], [
    "completed",
    "b",
    CHANGES,
    "to_review",
  ]);
  await store.close();
});

Deno.test("the work of a cancelled task is recorded although its attempt holds it no more", async () => {
  const { store, attempt, task, agent, state } = await world(
    savedAs(() => Promise.resolve({ workspace: { ...WORKTREE, head_commit: "b" }, changes: CHANGES })),
  );
  const over = attempt.execute(task);
  await agent;
  await store.tasks.update((view) => {
    return { updates: [{ id: "t", state: cancelled(view.get("t")!, AT) }] };
  }, OWNER);
  await attempt.stop();
  await over;
  const { status, workspace, changes, review } = state();
  assert.deepEqual([status, workspace?.head_commit, changes, review], [
    "cancelled",
    "b",
    CHANGES,
    "to_review",
  ]);
  await store.close();
});

Deno.test("a save that hangs is ended when the server stops, and what could not be saved is for review", async () => {
  const saving = Promise.withResolvers<void>();
  const { store, attempt, task, agent, state, entries } = await world(savedAs((_isOver, signal) => {
    saving.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("it was ended")));
    });
  }));
  const over = attempt.execute(task);
  (await agent).end({ status: "completed", output: "" });
  await saving.promise;
  await attempt.leave();
  await over;
  assert.deepEqual([state().status, state().review], ["completed", "to_review"]);
  assert.ok(entries.includes("The work could not be saved: it was ended"), entries.join("\n"));
  await store.close();
});

Deno.test("signals reach the agent in order; a failed signal is reported only to its caller", async () => {
  const { store, attempt, task, agent } = await world();
  const over = attempt.execute(task);
  const run = await agent;
  await run.listener({ kind: "started", pid: 77 });
  const first = Promise.withResolvers<void>();
  run.signals.push(first.promise);
  const paused = attempt.pause();
  const resumed = attempt.resume();
  assert.equal(attempt.runtime_status, "running");
  first.reject(new Error("no such process"));
  await assert.rejects(paused, /no such process/);
  await resumed;
  await attempt.pause();
  assert.deepEqual(run.asked, ["resume", "pause"]);
  assert.equal(attempt.runtime_status, "paused");
  await attempt.stop();
  await over;
  await store.close();
});

Deno.test("a run that could take another turn is told that none follows", async () => {
  const told = Promise.withResolvers<TurnMessage | undefined>();
  const { store, attempt, task, agent, state } = await world({}, (run) => {
    run.next = (message) => {
      told.resolve(message);
      return true;
    };
  });
  const over = attempt.execute(task);
  const run = await agent;
  await run.listener({ kind: "started", pid: 77 });
  const outcome = { status: "completed" as const, output: "first" };
  await run.listener({ kind: "turn_ended", outcome });
  assert.equal(await told.promise, undefined);
  run.end(outcome);
  await over;
  assert.deepEqual([state().status, state().turn], ["completed", 1]);
  await store.close();
});
