/** Removes what is too old: finished tasks, with all that belongs to them, and log entries. */
import { getLogger } from "@logtape/logtape";
import { SERVER } from "../domain/actor.ts";
import { type Clock, epochOf, type Timer } from "../clock/clock.ts";
import { ancestorsOf } from "../domain/delegation.ts";
import { ATTEMPTS_KEPT, type TaskRecord, type TaskState } from "../domain/task_record.ts";
import { needs, withMet } from "../domain/schedule.ts";
import { isFinished } from "../domain/task_values.ts";
import { usageOf } from "../domain/task_usage.ts";
import { totalOf } from "../domain/usage_sums.ts";
import type { Key } from "../store/kv/kv.ts";
import type { LogRetention } from "../store/log_retention.ts";
import type { Store } from "../store/open.ts";
import type { UsageDay } from "../store/usage_days.ts";
import { daysOf, rolledUp } from "../domain/usage_rollup.ts";
import { numbering } from "../domain/turns.ts";
import type { TaskIndex, TaskMemory } from "../read/task_index.ts";
import { counted } from "../protocol/formats.ts";

const log = getLogger(["opencode-agents", "engine"]);

const INTERVAL_MS = 60_000;
const INTERVAL_MIN_MS = 10_000;
/** How many tasks one commit removes. */
const BATCH = 10;
/** How often the sums are read again when others change them. */
const USAGE_TRIES = 20;
/** How many messages of a task one commit removes with it. */
const KEYS_AT_ONCE = 60;

export interface RetentionOptions {
  clock: Clock;
  index: TaskIndex;
  store: Store;
  retention_ms: number;
  /** Beyond this many finished tasks, the oldest are removed early. */
  max_finished: number;
  log_retention: LogRetention;
  attachments?: { sweep(): Promise<number> };
  /** The configured project that a task belongs to. */
  projectOf?(task: TaskRecord): string | undefined;
  /** Removes what a task has outside the store. False: its record must stay for now. */
  letGo?(task: TaskRecord): Promise<boolean>;
}

/** When a finished task ended, in epoch milliseconds. */
function endOf({ spec, state }: TaskRecord): number {
  const ended_ms = epochOf(state.completed_at ?? spec.created_at);
  // What was discarded later is kept as long from then on.
  return state.discarded === undefined ? ended_ms : Math.max(ended_ms, epochOf(state.discarded.at));
}

/** Tasks that ended at this time or earlier are removed: by age, or because there are too many. */
function oldestKept({ clock, index, retention_ms, max_finished }: RetentionOptions): number {
  const by_age = clock.now() - retention_ms;
  const ends = [...index.all()].filter(({ state }) => isFinished(state.status)).map(endOf);
  const excess = ends.length - max_finished;
  return excess <= 0 ? by_age : Math.max(by_age, ends.sort((a, b) => a - b)[excess - 1]!);
}

/** Whether the task's time is over: it finished by `oldest_ms`, and no unfinished task depends on it. */
function isExpired(task: TaskRecord, index: TaskIndex, oldest_ms: number): boolean {
  if (!isFinished(task.state.status) || endOf(task) > oldest_ms) return false;
  for (const id of index.dependentsOf(task.id)) {
    const dependent = index.find(id);
    if (dependent && !isFinished(dependent.state.status)) return false;
  }
  return true;
}

/**
 * Whether what the tasks below use counts for one above only through this task. Those that go with it are `leaving`.
 */
function joinsAbove(task: TaskRecord, index: TaskIndex, leaving: readonly TaskRecord[]): boolean {
  if (ancestorsOf(task, index.find).length === 0) return false;
  for (const child of index.childrenOf(task)) if (!leaving.some(({ id }) => id === child.id)) return true;
  return false;
}

function isNeededByASchedule(task: TaskRecord, { schedules }: Store): boolean {
  for (const schedule of schedules.values()) if (needs(schedule, task)) return true;
  return false;
}

/** Notes in the schedules which of these tasks, on which they depend, are done: they are about to be removed. */
async function noteInSchedules(tasks: TaskRecord[], { schedules }: Store): Promise<void> {
  let left = schedules.size;
  while (left > 0) {
    await schedules.update((view) => {
      const updates = [...view.values()].flatMap((schedule) => {
        const state = withMet(schedule, tasks);
        return state === schedule.state ? [] : [{ id: schedule.id, state }];
      });
      left = updates.length - BATCH;
      return { updates: updates.slice(0, BATCH) };
    }, SERVER);
  }
}

/** The keys of a task's conversation, and of the outputs that older versions stored. */
async function conversationOf({ id, state }: TaskRecord, { messages, outputs }: Store): Promise<Key[]> {
  const { last, old } = numbering(state);
  // More than are kept, because a crash may have left some behind.
  const outputs_kept = outputs.keysOf(id, old).slice(-2 * ATTEMPTS_KEPT);
  return last > 1 + old ? [...outputs_kept, ...await messages.keysOf(id, last)] : outputs_kept;
}

/** Removes the oldest messages of a conversation that is too long to be removed with its task, and returns the rest. */
async function shortened(keys: Key[], store: Store): Promise<Key[]> {
  let rest = keys;
  for (; rest.length > KEYS_AT_ONCE; rest = rest.slice(KEYS_AT_ONCE)) {
    const deletes = rest.slice(0, KEYS_AT_ONCE);
    await store.tasks.update(() => ({ deletes }), SERVER);
  }
  return rest;
}

/** Removes what has expired. Returns the number of tasks removed. */
export async function removeExpired(options: RetentionOptions): Promise<number> {
  const { index, store } = options;
  const oldest_ms = oldestKept(options);
  // Those below first: as long as one is there, the tasks that join it to those above stay.
  const expired = [...index.all()].filter((task) => isExpired(task, index, oldest_ms))
    .sort((a, b) => b.spec.order - a.spec.order);
  let removed = 0;
  for (let at = 0; at < expired.length; at += BATCH) {
    const batch = expired.slice(at, at + BATCH);
    await noteInSchedules(batch, store);
    const some: TaskRecord[] = [];
    for (const { id } of batch) {
      // It may have gone on since.
      const task = store.tasks.get(id);
      const isOver = task && isExpired(task, index, oldest_ms) && !isNeededByASchedule(task, store);
      if (!isOver || joinsAbove(task, index, some)) continue;
      if (await options.letGo?.(task) !== false) some.push(task);
    }
    const conversations = new Map<string, Key[]>();
    for (const task of some) {
      conversations.set(task.id, await shortened(await conversationOf(task, store), store));
    }
    removed += await withUsage(options, some, (view) => {
      // A commit of unknown outcome may have created a task or a schedule that depends on one of these.
      if (store.tasks.isDoubtful || store.schedules.isDoubtful) return { going: [], deletes: [] };
      const going: TaskRecord[] = [];
      for (const { id } of some) {
        const task = view.get(id);
        if (!task || !isExpired(task, index, oldest_ms) || isNeededByASchedule(task, store)) continue;
        if (!joinsAbove(task, index, going)) going.push(task);
      }
      return {
        going,
        deletes: going.flatMap(({ id }) => [...conversations.get(id)!, ...store.reviews.keysOf(id)]),
      };
    });
  }
  return removed;
}

/** The sums had changed since they were read. */
class Overtaken extends Error {}

/**
 * Removes tasks, and in the same commit adds what they have used to the sums of its days. `choose` says which go, and what is
 * deleted with them. Returns how many went.
 */
async function withUsage(
  { store, projectOf = () => undefined }: RetentionOptions,
  some: readonly TaskRecord[],
  choose: (view: TaskMemory) => { going: TaskRecord[]; deletes: Key[] },
): Promise<number> {
  for (let tries = 1;; tries++) {
    const days = new Map<string, UsageDay>();
    for (const day of new Set(some.flatMap(daysOf))) days.set(day, await store.usage.get(day));
    const known = new Map([...days].map(([day, { rows }]) => [day, rows]));
    let [count, isPlanned] = [0, false];
    try {
      await store.tasks.update((view) => {
        if (isPlanned) throw new Overtaken();
        isPlanned = true;
        const { going, deletes } = choose(view);
        count = going.length;
        const sums = rolledUp(going, known, projectOf);
        const entries = [...sums].map(([day, rows]) => store.usage.entry(day, days.get(day)!, rows));
        return {
          updates: borneAbove(going, view),
          removes: going.map(({ id }) => id),
          deletes: [...deletes, ...entries.flatMap((entry) => entry.deletes)],
          sets: entries.flatMap(({ sets }) => sets),
          checks: entries.flatMap(({ checks }) => checks),
        };
      }, SERVER);
      return count;
    } catch (error) {
      if (!(error instanceof Overtaken) || tries === USAGE_TRIES) throw error;
    }
  }
}

/** The states of tasks that stay, with what those that go have used for them: it still counts against their bounds. */
function borneAbove(going: readonly TaskRecord[], view: TaskMemory): { id: string; state: TaskState }[] {
  const leaving = new Set(going.map(({ id }) => id));
  const states = new Map<string, TaskState>();
  for (const task of going) {
    const above = ancestorsOf(task, (id) => view.get(id)).find(({ id }) => !leaving.has(id));
    if (above === undefined) continue;
    const state = states.get(above.id) ?? above.state;
    const used = [state.below_gone, usageOf(task.state), task.state.below_gone].filter((one) =>
      one !== undefined
    );
    if (used.length > 0) states.set(above.id, { ...state, below_gone: totalOf(used) });
  }
  return [...states].map(([id, state]) => ({ id, state }));
}

/** Runs the removal every minute, or more often for a short retention. Returns the timer; its owner cancels it. */
export function startRetention(options: RetentionOptions): Timer {
  const interval_ms = Math.min(INTERVAL_MS, Math.max(INTERVAL_MIN_MS, options.retention_ms / 4));
  return options.clock.every(interval_ms, () => {
    tidy(options).catch((error) =>
      log.error("Old tasks and log entries could not be removed: {error}", { error })
    );
  });
}

async function tidy(options: RetentionOptions): Promise<void> {
  const tasks = await removeExpired(options);
  const entries = await options.store.logs.prune(options.log_retention);
  const files = await options.attachments?.sweep() ?? 0;
  if (files > 0) {
    log.info("Removed {what}", {
      what: counted(files, "attachment that no task uses", "attachments that no task uses"),
      files,
    });
  }
  if (tasks + entries > 0) {
    const what = `${counted(tasks, "finished task")} and ${counted(entries, "log entry", "log entries")}`;
    log.info("Removed {what}", { what, tasks, entries });
  }
}
