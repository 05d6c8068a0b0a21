import assert from "node:assert/strict";
import { type Actor, agentActor, keyActor, OWNER, scheduleActor } from "../../src/domain/actor.ts";
import { type Origins, startedWithin } from "../../src/domain/started_within.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";

const limited = keyActor({ id: "key_alpha", name: "alpha" });
const free = keyActor({ id: "key_free", name: "all" });
const gone = keyActor({ id: "key_gone", name: "gone" });

/** Tasks and schedules by who asked for them. Each task belongs to the project `own`, but `stray`. */
function origins(
  tasks: Record<string, Actor | undefined>,
  schedules: Record<string, Actor | undefined> = {},
): Origins {
  const orders = Object.keys(tasks);
  const keys: Record<string, { spec: { projects?: string[] } }> = {
    key_alpha: { spec: { projects: ["alpha"] } },
    key_free: { spec: {} },
  };
  return {
    task: (id) =>
      id in tasks
        ? { id, spec: { created_by: tasks[id], order: orders.indexOf(id) } } as TaskRecord
        : undefined,
    schedule: (id) =>
      id in schedules
        ? { spec: { created_by: schedules[id] } } as ReturnType<Origins["schedule"]>
        : undefined,
    key: (id) => keys[id],
    projectOf: ({ id }) => id === "stray" ? undefined : "own",
  };
}

Deno.test("an agent is bound to the projects of the key behind its task, its schedule or the agents above", () => {
  const known = origins({
    by_owner: OWNER,
    earlier: undefined,
    by_free: free,
    by_limited: limited,
    below: agentActor("by_limited", "a"),
    deeper: agentActor("below", "a"),
    below_free: agentActor("by_free", "a"),
    run: scheduleActor("plan"),
    below_run: agentActor("run", "a"),
    free_run: scheduleActor("free_plan"),
    early_run: scheduleActor("early_plan"),
  }, { plan: limited, free_plan: free, early_plan: undefined });
  for (const id of ["by_owner", "earlier", "by_free", "below_free", "free_run", "early_run"]) {
    assert.equal(startedWithin(id, known), undefined, id);
  }
  for (const id of ["by_limited", "below", "deeper", "run", "below_run"]) {
    assert.deepEqual(startedWithin(id, known), ["alpha"], id);
  }
});

Deno.test("an agent sees its own project only if nobody can tell who is behind it", () => {
  const known = origins({
    of_gone_key: gone,
    of_gone_schedule: scheduleActor("gone"),
    of_gone_parent: agentActor("gone", "a"),
    of_agents_schedule: scheduleActor("made_by_agent"),
    stray: gone,
  }, { made_by_agent: agentActor("gone", "a") });
  for (const id of ["of_gone_key", "of_gone_schedule", "of_gone_parent", "of_agents_schedule"]) {
    assert.deepEqual(startedWithin(id, known), ["own"], id);
  }
  for (const id of ["stray", "unknown"]) assert.deepEqual(startedWithin(id, known), [], id);
});
