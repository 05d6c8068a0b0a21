/** Waiting for a task over MCP, on a clock moved by hand. */
import assert from "node:assert/strict";
import { ApiError } from "../../src/domain/errors.ts";
import type { Task } from "../../src/domain/task.ts";
import type { Change, McpBackend } from "../../src/doors/mcp/backend.ts";
import { lineageBelow } from "../../src/domain/delegated_task.ts";
import { waitAtMost } from "../../src/doors/mcp/waiting.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

function task(status: Task["status"], fields: Partial<Task> = {}): Task {
  return {
    id: "t",
    type: "feature",
    priority: "low",
    description: "x",
    status,
    progress: 0,
    created_at: "2026-01-01T00:00:00.000Z",
    retry_count: 0,
    attempt: 1,
    ...fields,
  };
}

/** A wait for task `t`; what it asks is counted, what it is told is said by the test. */
function begin(first: Task["status"], timeout_ms = 60_000) {
  const world = {
    clock: new HandClock(),
    status: first,
    looks: 0,
    tell: (_: Change) => {},
    watchers: 0,
    heard: [] as [number, string][],
    abort: new AbortController(),
  };
  const backend = {
    request: () => Promise.resolve({ task: task(world.status), looks: ++world.looks }),
    watch: (_: string, changed: (change: Change) => void) => {
      world.tell = changed;
      world.watchers++;
      return Promise.resolve(() => void world.watchers--);
    },
  } as unknown as McpBackend;
  const waited = waitAtMost({
    backend,
    clock: world.clock,
    task_id: "t",
    timeout_ms,
    signal: world.abort.signal,
    heard: (elapsed_ms, text) => world.heard.push([elapsed_ms, text]),
  });
  // One that is expected to fail is looked at later.
  waited.catch(() => {});
  return { world, waited };
}

/** Lets everything that is ready run. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

function leavesNothing({ clock, watchers }: { clock: HandClock; watchers: number }): void {
  assert.deepEqual([clock.timers, watchers], [0, 0]);
}

Deno.test("mcp waiting: a task that has already ended is not waited for", async () => {
  const { world, waited } = begin("failed");
  assert.equal((await waited).status, "failed");
  assert.equal(world.looks, 1);
  leavesNothing(world);
});

Deno.test("mcp waiting: reports progress every ten seconds and at each change, and requests no status until the end", async () => {
  const { world, waited } = begin("running");
  await settled();
  world.clock.pass(10_000);
  await settled();
  world.clock.pass(2000);
  world.tell({ progress: 40, step: "tests" });
  await settled();
  world.tell({ step: "waits for a person's permission: rm" });
  await settled();
  assert.deepEqual(world.heard, [
    [10_000, "running, 0 %"],
    [12_000, "running, 40 %: tests"],
    [12_000, "running, 40 %: waits for a person's permission: rm"],
  ]);
  assert.equal(world.looks, 1);
  world.status = "completed";
  world.tell({ status: "completed", progress: 100 });
  assert.equal((await waited).status, "completed");
  assert.equal(world.looks, 2);
  leavesNothing(world);
});

Deno.test("mcp waiting: requests the status when pushes may have been missed", async () => {
  const { world, waited } = begin("running");
  await settled();
  world.status = "cancelled";
  world.tell({});
  assert.equal((await waited).status, "cancelled");
  leavesNothing(world);
});

Deno.test("mcp waiting: when the time is up, returns the task as it is; when cancelled, the wait ends", async () => {
  const late = begin("queued", 25_000);
  await settled();
  late.world.clock.pass(25_000);
  assert.equal((await late.waited).status, "queued");
  leavesNothing(late.world);

  const { world, waited } = begin("running");
  await settled();
  world.abort.abort(new Error("taken back"));
  await assert.rejects(waited, /taken back/);
  leavesNothing(world);
});

Deno.test("mcp lineage: one level more than the parent's, however malformed, and no more than allowed", () => {
  const below = (delegation_depth: unknown) =>
    lineageBelow(task("running", { metadata: { delegation_depth } })).delegation_depth;
  assert.deepEqual([undefined, "2", -5, 0, 1, 1.5, 2].map(below), [1, 1, 1, 1, 2, 2, 3]);
  assert.throws(() => below(3), (error) => error instanceof ApiError && error.code === "INVALID_FIELD_VALUE");
});
