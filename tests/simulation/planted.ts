/** Bugs put in on purpose, each of a kind that has been made somewhere. The simulation must find every one. */
import type { TaskRecord, TaskState } from "../../src/domain/task_record.ts";
import { SERVER } from "../../src/domain/actor.ts";
import { type DomainEvent, EventBus } from "../../src/engine/events.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { scheduleActor } from "../../src/domain/actor.ts";
import type {
  ScheduleContext,
  ScheduleMemory,
  ScheduleStore,
} from "../../src/engine/schedules/schedule_context.ts";
import type { Hold } from "../../src/domain/hold.ts";
import type { ScheduleRecord, ScheduleSpec } from "../../src/domain/schedule.ts";
import type { UsageRow } from "../../src/domain/usage_rollup.ts";
import type { UsageDay } from "../../src/store/usage_days.ts";
import type { Store } from "../../src/store/open.ts";
import type { Plant } from "./history.ts";
import type { Parts } from "./server_life.ts";

type Tasks = Store["tasks"];
type Update = Tasks["update"];
type Holds = Store["holds"];

/** The parts with a store whose task changes go through `change`. */
export function withUpdate(parts: Parts, change: (update: Update, tasks: Tasks) => Update): Parts {
  const { tasks } = parts.store;
  const planted = {
    get: (id: string) => tasks.get(id),
    values: () => tasks.values(),
    get size() {
      return tasks.size;
    },
    get isDoubtful() {
      return tasks.isDoubtful;
    },
    update: change((plan, by) => tasks.update(plan, by), tasks),
  };
  return { ...parts, store: Object.assign(Object.create(parts.store), { tasks: planted }) };
}

type Planned = ReturnType<Parameters<Update>[0]>;

/** The parts with a store that carries out each plan of task changes as `change` makes it. */
function withPlans(
  parts: Parts,
  change: (planned: Planned, before: (id: string) => TaskState | undefined) => Planned,
): Parts {
  return withUpdate(
    parts,
    (update) => (plan, by) => update((view) => change(plan(view), (id) => view.get(id)?.state), by),
  );
}

/** The same, with each new state as `change` makes it. */
export function withStates(
  parts: Parts,
  change: (state: TaskState, before: TaskState | undefined) => TaskState,
): Parts {
  return withPlans(parts, (planned, before) => ({
    ...planned,
    updates: planned.updates?.map((one) => ({ ...one, state: change(one.state, before(one.id)) })),
  }));
}

/** The parts with a scheduler that reads each schedule as `change` makes it. */
function withSchedules(parts: Parts, change: (schedule: ScheduleRecord) => ScheduleSpec): Parts {
  return withRecords(parts, (schedule) => ({ ...schedule, spec: change(schedule) }));
}

function withRecords(parts: Parts, read: (schedule: ScheduleRecord) => ScheduleRecord): Parts {
  const { schedules } = parts.store;
  const reading = (memory: ScheduleMemory): ScheduleMemory => ({
    get: (id) => {
      const schedule = memory.get(id);
      return schedule && read(schedule);
    },
    values: () => [...memory.values()].map(read),
  });
  const planted: ScheduleStore = {
    ...reading(schedules),
    update: (plan, by) => schedules.update((view) => plan(reading(view)), by),
  };
  return { ...parts, store: Object.assign(Object.create(parts.store), { schedules: planted }) };
}

/** The engine's commands, with another way to create a task. */
function tampering(
  commands: ScheduleContext["commands"],
  create: ScheduleContext["commands"]["create"],
): ScheduleContext["commands"] {
  return {
    create,
    check: (...args) => commands.check(...args),
    cancel: (...args) => commands.cancel(...args),
    update: (...args) => commands.update(...args),
    pause: (...args) => commands.pause(...args),
    resume: (...args) => commands.resume(...args),
  };
}

/** A bus whose events reach those who watch as `pass` lets them; `count` is how many there were. */
function tampered(
  bus: EventBus,
  pass: (event: DomainEvent, publish: (event: DomainEvent) => void, count: number) => unknown,
): EventBus {
  const own = new EventBus();
  let count = 0;
  bus.listen((event) => void pass(event, (one) => own.publish(one), ++count));
  return own;
}

/** The parts with a store whose holds of agents are stored as `change` makes them. */
function withHolds(parts: Parts, change: (hold: Hold) => Hold): Parts {
  const { holds } = parts.store;
  const changed = <One extends { state: Hold }>(one: One): One => ({ ...one, state: change(one.state) });
  const planted: Pick<Holds, "get" | "values" | "size" | "update"> = {
    get: (id) => holds.get(id),
    values: () => holds.values(),
    size: 0,
    update: (plan, by) =>
      holds.update((view) => {
        const { creates = [], updates = [], ...rest } = plan(view);
        return { ...rest, creates: creates.map(changed), updates: updates.map(changed) };
      }, by),
  };
  Object.defineProperty(planted, "size", { get: () => holds.size });
  return { ...parts, store: Object.assign(Object.create(parts.store), { holds: planted }) };
}

/** The same, with each state after a provider has refused an attempt as `change` makes it. */
function whereRefused(parts: Parts, change: (state: TaskState, before: TaskState) => TaskState): Parts {
  return withStates(parts, (state, before) => {
    const hasEnded = before?.lease !== undefined && state.lease === undefined;
    const isRefused = state.attempts.at(-1)?.failure?.kind === "provider_limit";
    return hasEnded && isRefused ? change(state, before) : state;
  });
}

function promising(parts: Parts, more: Partial<Parts["promised"]>): Parts {
  return { ...parts, promised: { ...parts.promised, ...more } };
}

const ASKING: Plant["among"] = { agents: { asks: 0.5 }, park_ms: 1_000 };
const CHECKED: Plant["among"] = { agents: { checks: { fails: 0.5, hangs: 0.2 } } };
/** Histories about schedules that run from month to month. */
const CALENDAR: Plant["among"] = {
  clients: { schedules: 0.5, worktrees: 0 },
  clock_jumps: 0.3,
  jump_ms: 31 * 86_400_000,
};

export const PLANTS: Plant[] = [
  {
    name: "the store answers before a commit is durable",
    finds: /are lost|on the disk/,
    disk: "answers_before_it_is_durable",
  },
  {
    name: "the store does not check versions",
    finds: /attempts are not counted|not a legal transition|on the disk/,
    among: { disk: { lost_reply: 0.2, stalled: 0.1, latency_ms: 2_000 } },
    disk: "ignores_checks",
  },
  { name: "the store loses a chunk of the log now and then", finds: /log entr/, disk: "loses_log_chunks" },
  {
    name: "an attempt whose lease is gone still changes its task",
    finds: /a lease without a run/,
    wiring: {
      parts: (parts) => {
        const leases = new Map<string, TaskState["lease"]>();
        return withUpdate(parts, (update) => (plan, by) =>
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
            }), by));
      },
    },
  },
  {
    name: "a message is told before the commit that delivers it",
    finds: /is told and queued|told twice in a session/,
    wiring: {
      parts: (parts) =>
        withPlans(parts, (planned) => {
          const sets = planned.sets?.filter(({ key, value }) => {
            const text = new TextDecoder().decode(value);
            return !(key[0] === "message" && text.includes('"role":"user"') && text.includes('"delivered"'));
          });
          return { ...planned, sets };
        }),
    },
  },
  {
    name: "a message is delivered and still waits",
    finds: /is stored again|told twice in a session|is delivered, and lost/,
    wiring: {
      parts: (parts) =>
        withStates(parts, (state, before) => {
          const isTaken = before?.waiting && state.prompt !== before.prompt;
          return isTaken ? { ...state, waiting: before.waiting } : state;
        }),
    },
  },
  {
    name: "a prompt counts as given as soon as there is a session",
    finds: /was never told/,
    among: { crashes: 0.2, clients: { schedules: 0, worktrees: 0, talks: 0.6 } },
    wiring: {
      parts: (parts) =>
        withStates(parts, (state, before) => {
          const hasOpened = state.lease !== undefined && state.session !== before?.session;
          return hasOpened ? { ...state, prompted_turn: state.turn } : state;
        }),
    },
  },
  {
    name: "the newest message is delivered first",
    finds: /passes \d/,
    wiring: {
      parts: (parts) =>
        withUpdate(parts, (update) => (plan, by) =>
          update((view) => {
            const turned = (task: TaskRecord | undefined) =>
              task?.state.waiting && task.state.status !== "completed"
                ? { ...task, state: { ...task.state, waiting: task.state.waiting.toReversed() } }
                : task;
            return plan({ get: (id) => turned(view.get(id)), values: () => view.values(), size: view.size });
          }, by)),
    },
  },
  {
    name: "the end of an attempt forgets the messages that wait",
    finds: /is queued, and lost|reopened without/,
    wiring: {
      parts: (parts) =>
        withStates(parts, (state, before) => {
          const hasEnded = before?.lease !== undefined && state.lease === undefined;
          return hasEnded ? { ...state, waiting: undefined } : state;
        }),
    },
  },
  {
    name: "the lowest priority goes first",
    finds: /whose turn it was/,
    wiring: {
      taskChanges: (pass) => ({ before, after, by }) => {
        const turned = { critical: "low", high: "medium", medium: "high", low: "critical" } as const;
        const spec = after && { ...after.spec, priority: turned[after.spec.priority] };
        pass({ before, after: after && spec && { ...after, spec }, by });
      },
    },
  },
  {
    name: "a task that becomes ready wakes nobody",
    finds: /whose turn it was|stays queued/,
    wiring: {
      taskChanges: (pass, bus) => ({ before, after, by }) => {
        if (before?.state.status === "pending" && after?.state.status === "queued") {
          bus.publish({ kind: "task.changed", before, after, by });
        } else pass({ before, after, by });
      },
    },
  },
  {
    name: "those that wait for a task are not released",
    finds: /stays pending|waits for it/,
    wiring: {
      parts: (parts) => {
        parts.index.dependentsOf = () => [];
        return parts;
      },
    },
  },
  {
    name: "a schedule moves on before its run is committed",
    finds: /counts \d+ runs/,
    among: CALENDAR,
    wiring: {
      schedulerCommands: ({ commands }) =>
        tampering(commands, (...args) => {
          // Nobody hears of its failure; that is the bug.
          commands.create(...args).catch(() => {});
          return Promise.resolve({} as TaskRecord);
        }),
    },
  },
  {
    name: "a schedule runs by the clock of Greenwich, whatever its zone",
    finds: /none of its times/,
    among: CALENDAR,
    wiring: {
      parts: (parts) =>
        withSchedules(parts, ({ spec }) => ({
          ...spec,
          recurring: spec.recurring && { ...spec.recurring, timezone: undefined },
        })),
    },
  },
  {
    name: "a monthly schedule forgets its day where a month is too short for it",
    finds: /none of its times/,
    among: CALENDAR,
    wiring: {
      parts: (parts) =>
        withSchedules(
          parts,
          ({ spec, state }) =>
            spec.recurring?.interval === "monthly"
              ? { ...spec, scheduled_time: new Date(state.next_ms).toISOString() }
              : spec,
        ),
    },
  },
  {
    name: "a run that exists already is made again under another id",
    finds: /runs of the same time/,
    among: CALENDAR,
    wiring: {
      schedulerCommands: ({ commands, queries }) =>
        tampering(commands, (task, by, schedule_id) => {
          const id = `${task.id}_${queries.list({ limit: 1, offset: 0 }).total_count}`;
          return commands.create({ ...task, id }, by, schedule_id);
        }),
    },
  },
  {
    name: "a run by hand is taken for the one that is due",
    finds: /before its time|of the same time|by hand that nobody|counts \d+ runs/,
    wiring: {
      schedulerCommands: ({ commands }) =>
        tampering(
          commands,
          (task, by, schedule_id) =>
            commands.create(task, schedule_id === undefined ? by : scheduleActor(schedule_id), schedule_id),
        ),
    },
  },
  {
    name: "a paused schedule runs",
    finds: /although its schedule is paused/,
    wiring: {
      parts: (parts) =>
        withRecords(parts, (one) => ({
          ...one,
          state: {
            ...one.state,
            paused: one.state.next_ms > parts.clock.now() ? one.state.paused : undefined,
          },
        })),
    },
  },
  {
    name: "cron wants both days where either is enough",
    finds: /none of its times|leaves out a time/,
    wiring: {
      parts: (parts) =>
        withSchedules(parts, ({ spec }) => ({
          ...spec,
          recurring: spec.recurring && {
            ...spec.recurring,
            cron: spec.recurring.cron?.replace(/FRI$/, "*"),
          },
        })),
    },
  },
  {
    name: "recovery puts back a task that had completed",
    finds: /completed -> queued/,
    wiring: {
      async beforeStart({ store }) {
        const done = [...store.tasks.values()].find(({ state }) => state.status === "completed");
        if (!done) return;
        const state = { ...done.state, status: "queued" as const, progress: 0, completed_at: undefined };
        await store.tasks.update(() => ({ updates: [{ id: done.id, state }] }), SERVER);
      },
    },
  },
  {
    name: "clients are told before the commit",
    finds: /which was not committed/,
    wiring: {
      parts: (parts) =>
        withUpdate(parts, (update) => (plan, by) =>
          update((view) => {
            const answer = plan(view);
            for (const { id, state } of answer.updates ?? []) {
              const before = view.get(id)!;
              if (before.state.status === state.status) continue;
              parts.bus.publish({ kind: "task.changed", before, after: { ...before, state }, by });
            }
            return answer;
          }, by)),
    },
  },
  {
    name: "one agent more than allowed",
    finds: /agents at once/,
    wiring: { parts: (parts) => promising(parts, { max_concurrent: parts.promised.max_concurrent + 1 }) },
  },
  {
    name: "two agents work in one folder",
    finds: /share a folder/,
    wiring: { parts: (parts) => promising(parts, { exclusive_folders: false }) },
  },
  {
    name: "a delegated task waits for those above it",
    finds: /whose turn it was/,
    among: { clients: { delegates: 0.6, schedules: 0, worktrees: 0 } },
    wiring: {
      parts: (parts) => {
        const { find } = parts.index;
        parts.index.find = (id) => {
          const task = find(id);
          return task && { ...task, spec: { ...task.spec, created_by: undefined } };
        };
        return parts;
      },
    },
  },
  {
    name: "one agent more than allowed starts at a time",
    finds: /agents start at once/,
    wiring: { parts: (parts) => promising(parts, { max_starting: parts.promised.max_starting + 1 }) },
  },
  {
    name: "one request more than the limit is let through",
    finds: /one more was let through/,
    wiring: { parts: (parts) => promising(parts, { tasks_per_minute: parts.promised.tasks_per_minute + 1 }) },
  },
  {
    name: "the agents of an earlier life are not ended",
    finds: /two processes|agents at once/,
    wiring: {
      parts: (parts) => {
        parts.runner.endStrays = () => Promise.resolve(0);
        return parts;
      },
    },
  },
  {
    name: "every seventh timer is lost",
    finds: /for ever/,
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
    finds: /before its time/,
    wiring: {
      parts: (parts) => ({ ...parts, clock: { ...parts.clock, now: () => parts.clock.now() + 30_000 } }),
    },
  },
  {
    name: "an acknowledged task is dropped when the store fails once",
    finds: /was acknowledged, but|was not committed/,
    wiring: {
      parts: (parts) =>
        withUpdate(parts, (update) => async (plan, by) => {
          try {
            await update(plan, by);
          } catch (error) {
            if (!(error instanceof ApiError) || !error.code.startsWith("DATABASE_")) throw error;
          }
        }),
    },
  },
  {
    name: "finished tasks are removed after a second instead of days",
    finds: /removed before its time/,
    wiring: {
      parts: (parts) => promising(parts, { retention_ms: 1_000 }),
    },
  },
  {
    name: "a provider's refusal counts as an attempt",
    finds: /a refusal counts as an attempt/,
    wiring: {
      parts: (parts) =>
        whereRefused(parts, (state, before) => ({
          ...state,
          automatic_attempts: before.automatic_attempts,
        })),
    },
  },
  {
    name: "a task fails when its provider refuses it",
    finds: /because its provider refuses it/,
    wiring: {
      parts: (parts) =>
        whereRefused(
          parts,
          (state) =>
            state.status === "queued"
              ? { ...state, status: "failed", completed_at: new Date(parts.clock.now()).toISOString() }
              : state,
        ),
    },
  },
  {
    name: "a provider's refusal costs the session",
    finds: /a refusal costs the session/,
    wiring: { parts: (parts) => whereRefused(parts, (state) => ({ ...state, session: undefined })) },
  },
  {
    name: "a turn's usage counts twice",
    finds: /and its sums say/,
    wiring: {
      parts: (parts) =>
        withStates(parts, (state, before) => {
          const known = before?.used?.map((one) => JSON.stringify(one)) ?? [];
          const entry = state.used?.find((one) => !known.includes(JSON.stringify(one)));
          if (entry === undefined) return state;
          const twice = { ...entry, turns: entry.turns + 1, input_tokens: 2 * entry.input_tokens };
          return { ...state, used: state.used!.map((one) => one === entry ? twice : one) };
        }),
    },
  },
  {
    name: "what a running turn has used counts once more when it ends",
    finds: /and its sums say/,
    wiring: {
      parts: (parts) =>
        withStates(
          parts,
          (state, before) =>
            before?.turn_used && !state.turn_used && state.used
              ? { ...state, turn_used: before.turn_used }
              : state,
        ),
    },
  },
  {
    name: "what removed tasks have used counts twice",
    finds: /the days' sums grow by/,
    wiring: {
      parts(parts) {
        const { usage } = parts.store;
        const planted = Object.assign(Object.create(usage), {
          get: usage.get.bind(usage),
          entry: (day: string, before: UsageDay, rows: UsageRow[]) =>
            usage.entry(day, before, rows.map((row) => ({ ...row, turns: row.turns + 1 }))),
        });
        return { ...parts, store: Object.assign(Object.create(parts.store), { usage: planted }) };
      },
    },
  },
  {
    name: "being parked counts as an attempt",
    finds: /being parked counts as an attempt/,
    among: ASKING,
    wiring: {
      parts: (parts) =>
        withStates(
          parts,
          (state, before) =>
            state.parked && before?.lease
              ? { ...state, automatic_attempts: before.automatic_attempts }
              : state,
        ),
    },
  },
  {
    name: "the answer to a parked agent is lost",
    finds: /is forgotten/,
    among: ASKING,
    wiring: {
      parts: (parts) =>
        withStates(parts, (state, before) => before?.parked ? { ...state, late_answers: undefined } : state),
    },
  },
  {
    name: "nobody knows that an agent is held",
    finds: /although its agent is held/,
    wiring: {
      parts: (parts) => {
        const { holds } = parts.store;
        const planted = { get: holds.get.bind(holds), values: () => [], update: holds.update.bind(holds) };
        return { ...parts, store: Object.assign(Object.create(parts.store), { holds: planted }) };
      },
    },
  },
  {
    name: "all tasks go at once when a hold is over",
    finds: /although another one goes first/,
    wiring: { parts: (parts) => withHolds(parts, ({ first: _, ...hold }) => hold) },
  },
  {
    name: "a hold is never over",
    finds: /stays queued for ever/,
    wiring: {
      parts: (parts) =>
        withHolds(parts, (hold) => hold.is_open ? hold : { ...hold, until: "2999-01-01T00:00:00.000Z" }),
    },
  },
  {
    name: "a push is lost now and then",
    finds: /a watcher was/,
    wiring: {
      pushedFrom: (bus) => tampered(bus, (event, publish, count) => count % 9 > 0 && publish(event)),
    },
  },
  {
    name: "pushes overtake one another",
    finds: /a watcher was/,
    wiring: {
      pushedFrom(bus) {
        let held: DomainEvent | undefined;
        return tampered(bus, (event, publish, count) => {
          if (count % 7 === 0 && !held) return held = event;
          publish(event);
          if (held) publish(held);
          held = undefined;
        });
      },
    },
  },
  {
    name: "a follower is shown the newest entry neither in its page nor after it",
    finds: /a follower's page/,
    wiring: {
      parts(parts) {
        const { logs } = parts.store;
        const planted = new Proxy(logs, {
          get(_, name) {
            if (name === "mark") return () => new Map([...logs.mark()].map(([node, seq]) => [node, seq - 1]));
            const value = Reflect.get(logs, name, logs);
            return typeof value === "function" ? value.bind(logs) : value;
          },
        });
        return { ...parts, store: Object.assign(Object.create(parts.store), { logs: planted }) };
      },
    },
  },
  {
    name: "checks that fail count as passed",
    finds: /completed although its checks ended with/,
    among: CHECKED,
    wiring: {
      parts: (parts) => ({
        ...parts,
        runCheck: async (check) => ({ ...await parts.runCheck(check), exit_code: 0 }),
      }),
    },
  },
  {
    name: "a check does not end with its task",
    finds: /stays running for ever|the server does not end|a check is left behind/,
    among: CHECKED,
    wiring: {
      parts: (parts) => ({
        ...parts,
        runCheck: (check) => parts.runCheck({ ...check, signal: new AbortController().signal }),
      }),
    },
  },
  {
    name: "changes are stored without their entries in the audit log",
    finds: /without its entry in the audit log|the audit log has 0 entries/,
    wiring: {
      port: (port) => ({
        get: (key) => port.get(key),
        list: (range) => port.list(range),
        watch: (key, changed) => port.watch(key, changed),
        close: () => port.close(),
        commit: ({ checks, sets = [], deletes }) =>
          port.commit({ checks, sets: sets.filter(({ key }) => key[0] !== "audit"), deletes }),
      }),
    },
  },
];
