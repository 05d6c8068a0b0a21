/** Bugs put in on purpose, each of a kind that has been made somewhere. The simulation must find every one. */
import type { TaskState } from "../../src/tasks/record.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { ApiError } from "../../src/protocol/errors.ts";
import type { Store } from "../../src/store/open.ts";
import type { Plant } from "./history.ts";
import type { Parts } from "./server_life.ts";

type Tasks = Store["tasks"];
type Update = Tasks["update"];

/** The parts with a store whose task changes go through `change`. */
function withUpdate(parts: Parts, change: (update: Update, tasks: Tasks) => Update): Parts {
  const { tasks } = parts.store;
  const planted = {
    get: (id: string) => tasks.get(id),
    values: () => tasks.values(),
    get size() {
      return tasks.size;
    },
    update: change((plan) => tasks.update(plan), tasks),
  };
  return { ...parts, store: Object.assign(Object.create(parts.store), { tasks: planted }) };
}

function promising(parts: Parts, more: Partial<Parts["promised"]>): Parts {
  return { ...parts, promised: { ...parts.promised, ...more } };
}

export const PLANTS: Plant[] = [
  { name: "the store answers before a commit is durable", disk: "answers_before_it_is_durable" },
  { name: "the store does not check versions", disk: "ignores_checks" },
  { name: "the store loses a chunk of the log now and then", disk: "loses_log_chunks" },
  {
    name: "an attempt whose lease is gone still changes its task",
    wiring: {
      parts: (parts) => {
        const leases = new Map<string, TaskState["lease"]>();
        return withUpdate(parts, (update) => (plan) =>
          update((view) =>
            plan({
              size: view.size,
              values: () => view.values(),
              get(id) {
                const task = view.get(id);
                if (!task) return undefined;
                if (task.state.lease) leases.set(id, task.state.lease);
                return { ...task, state: { ...task.state, lease: leases.get(id) } };
              },
            })
          ));
      },
    },
  },
  {
    name: "the lowest priority goes first",
    wiring: {
      committed: (engine) => (before, after) => {
        const turned = { critical: "low", high: "medium", medium: "high", low: "critical" } as const;
        const spec = after && { ...after.spec, priority: turned[after.spec.priority] };
        engine.committed(before, after && spec && { ...after, spec });
      },
    },
  },
  {
    name: "a task that becomes ready wakes nobody",
    wiring: {
      committed: (engine, bus) => (before, after) => {
        if (before?.state.status === "pending" && after?.state.status === "queued") {
          bus.publish({ kind: "task.changed", before, after });
        } else engine.committed(before, after);
      },
    },
  },
  {
    name: "those that wait for a task are not released",
    wiring: {
      parts: (parts) => {
        parts.book.dependentsOf = () => [];
        return parts;
      },
    },
  },
  {
    name: "a schedule moves on before its run is committed",
    wiring: {
      schedulerEngine: (engine) =>
        Object.assign(Object.create(engine), {
          create: (...wanted: Parameters<Engine["create"]>) => {
            // Nobody hears of its failure; that is the bug.
            engine.create(...wanted).catch(() => {});
            return Promise.resolve();
          },
          check: (...wanted: Parameters<Engine["check"]>) => engine.check(...wanted),
          has: (id: string) => engine.has(id),
        }),
    },
  },
  {
    name: "a run that exists already is made again under another id",
    wiring: {
      schedulerEngine: (engine) =>
        Object.assign(Object.create(engine), {
          create: (wanted: Parameters<Engine["create"]>[0], schedule_id: string) =>
            engine.create({
              ...wanted,
              id: `${wanted.id}_${engine.list({ limit: 1, offset: 0 }).total_count}`,
            }, schedule_id),
          check: (...wanted: Parameters<Engine["check"]>) => engine.check(...wanted),
          has: (id: string) => engine.has(id),
        }),
    },
  },
  {
    name: "recovery puts back a task that had completed",
    wiring: {
      async beforeStart({ store }) {
        const done = [...store.tasks.values()].find(({ state }) => state.status === "completed");
        if (!done) return;
        const state = { ...done.state, status: "queued" as const, progress: 0, completed_at: undefined };
        await store.tasks.update(() => ({ updates: [{ id: done.id, state }] }));
      },
    },
  },
  {
    name: "clients are told before the commit",
    wiring: {
      parts: (parts) =>
        withUpdate(parts, (update) => (plan) =>
          update((view) => {
            const answer = plan(view);
            for (const { id, state } of answer.updates ?? []) {
              const before = view.get(id)!;
              if (before.state.status === state.status) continue;
              parts.bus.publish({ kind: "task.changed", before, after: { ...before, state } });
            }
            return answer;
          })),
    },
  },
  {
    name: "one agent more than allowed",
    wiring: { parts: (parts) => promising(parts, { max_concurrent: parts.promised.max_concurrent + 1 }) },
  },
  {
    name: "one agent more than allowed starts at a time",
    wiring: { parts: (parts) => promising(parts, { max_starting: parts.promised.max_starting + 1 }) },
  },
  {
    name: "one request more than the limit is let through",
    wiring: { parts: (parts) => promising(parts, { tasks_per_minute: parts.promised.tasks_per_minute + 1 }) },
  },
  {
    name: "the agents of an earlier life are not ended",
    wiring: {
      parts: (parts) => {
        parts.runner.endStrays = () => Promise.resolve(0);
        return parts;
      },
    },
  },
  {
    name: "every seventh timer is lost",
    wiring: {
      parts: (parts) => {
        let set = 0;
        const { clock } = parts;
        const after: typeof clock.after = (delay_ms, action) =>
          clock.after(delay_ms, ++set % 7 === 0 ? () => {} : action);
        return { ...parts, clock: { ...clock, after } };
      },
    },
  },
  {
    name: "times come half a minute early",
    wiring: {
      parts: (parts) => ({ ...parts, clock: { ...parts.clock, now: () => parts.clock.now() + 30_000 } }),
    },
  },
  {
    name: "an acknowledged task is dropped when the store fails once",
    wiring: {
      parts: (parts) =>
        withUpdate(parts, (update) => async (plan) => {
          try {
            await update(plan);
          } catch (error) {
            if (!(error instanceof ApiError) || !error.code.startsWith("DATABASE_")) throw error;
          }
        }),
    },
  },
  {
    name: "finished tasks are removed after a second instead of days",
    wiring: {
      parts: (parts) => promising(parts, { retention_ms: 1_000 }),
    },
  },
];
