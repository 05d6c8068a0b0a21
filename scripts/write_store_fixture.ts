/**
 * `deno run -A --unstable-kv scripts/write_store_fixture.ts FOLDER`: writes a small store of the
 * current format, with one of everything, to `FOLDER/fixture.sqlite3`. Run it once for each new format, and keep the
 * file as `tests/fixtures/stores/format-N.sqlite3`: every later version must open it.
 */
import { OWNER } from "../src/domain/actor.ts";
import { systemClock as clock } from "../src/clock/clock.ts";
import { copyStore } from "../src/store/file_copy.ts";
import { openStore } from "../src/store/open.ts";
import type { TaskSpec, TaskState } from "../src/domain/task_record.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("usage: write_store_fixture.ts FOLDER");
  Deno.exit(2);
}
const at = (minute: number) => `2026-01-02T03:${String(minute).padStart(2, "0")}:00.000Z`;

const spec = (order: number, more: Partial<TaskSpec> = {}): TaskSpec => ({
  type: "testing",
  priority: "medium",
  description: `task number ${order} – ünïcödé`,
  created_at: at(order),
  order,
  ...more,
});
const state = (status: TaskState["status"], more: Partial<TaskState> = {}): TaskState => ({
  status,
  progress: 0,
  retry_count: 0,
  attempt: 0,
  automatic_attempts: 0,
  attempts: [],
  ...more,
});
const attempt = { attempt: 1, agent: "fixture", started_at: at(5) };

const store = await openStore({ folder, clock });
await store.tasks.update(() => ({
  creates: [
    {
      id: "done",
      spec: spec(1, { metadata: { tags: ["a"] }, execution: { agent: "fixture" } }),
      state: state("completed", {
        progress: 100,
        started_at: at(5),
        completed_at: at(6),
        attempt: 1,
        automatic_attempts: 1,
        attempts: [{ ...attempt, ended_at: at(6), outcome: "completed", exit_code: 0 }],
      }),
    },
    {
      id: "broken",
      spec: spec(2),
      state: state("failed", {
        started_at: at(5),
        completed_at: at(6),
        error: "exit code 3",
        attempt: 1,
        automatic_attempts: 1,
        attempts: [{ ...attempt, ended_at: at(6), outcome: "failed", error: "exit code 3", exit_code: 3 }],
      }),
    },
    {
      id: "running",
      spec: spec(3, { execution: { agent: "fixture" } }),
      state: state("running", {
        progress: 40,
        started_at: at(7),
        attempt: 1,
        automatic_attempts: 1,
        attempts: [{ ...attempt, started_at: at(7) }],
        lease: { node: "a-node-long-gone", attempt: 1, fencing: 1 },
      }),
    },
    { id: "waiting", spec: spec(4, { dependencies: ["running"] }), state: state("pending") },
    { id: "cancelled", spec: spec(5), state: state("cancelled", { completed_at: at(8) }) },
    // Longer than one value of the store.
    {
      id: "long",
      spec: spec(6, { metadata: { text: "long ".repeat(12_100) } as TaskSpec["metadata"] }),
      state: state("cancelled", { completed_at: at(8) }),
    },
  ],
  sets: [store.outputs.entry("done", 1, { output: "all 3 tests pass\n", exit_code: 0 })],
}), OWNER);
await store.schedules.update(() => ({
  creates: [{
    id: "nightly",
    spec: {
      scheduled_time: "2099-01-01T02:00:00Z",
      recurring: { interval: "daily", timezone: "Europe/Berlin" },
      task: { type: "maintenance", priority: "low", description: "tidy up" },
      created_at: at(9),
    },
    state: { runs: 0, next_ms: Date.parse("2099-01-01T02:00:00Z") },
  }],
}), OWNER);
for (let n = 1; n <= 25; n++) {
  store.logs.append({
    level: n === 25 ? "error" : "info",
    message: `line ${n}`,
    agent: "done",
    source: "agent",
  });
}
await store.close();
// A copy without the companion files of an open store, as small as possible.
await copyStore(`${folder}/store.sqlite3`, `${folder}/fixture.sqlite3`);
console.log(`${folder}/fixture.sqlite3`);
