/** Schedules: tasks that run at a given time, once or repeatedly. Each run is a separate task. */
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, isoTime, type Timer } from "../clock/clock.ts";
import { type Actor, scheduleActor } from "../domain/actor.ts";
import { checkDependencies } from "../domain/dependencies.ts";
import { ApiError } from "../domain/errors.ts";
import type { Schedule } from "../protocol/schedule_messages.ts";
import type { NewTask } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";
import {
  advanced,
  runDependencies,
  runFields,
  runId,
  type ScheduleRecord,
  type ScheduleState,
  upcoming,
  withMet,
} from "../domain/schedule.ts";
import { shownExecution } from "../domain/task_record.ts";
import type { TaskCommands } from "./task_commands.ts";
import type { NewEntry } from "../store/log_line.ts";
import type { Notifier } from "../store/notifier.ts";
import type { TaskIndex } from "../read/task_index.ts";
import { counted } from "../protocol/formats.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
const RETRY_MS = 5_000;
/** How many runs are created in parallel. */
const TOGETHER = 100;

interface SchedulePlan {
  creates?: ScheduleRecord[];
  updates?: { id: string; state: ScheduleState }[];
  removes?: string[];
}

interface ScheduleMemory {
  get(id: string): ScheduleRecord | undefined;
  values(): Iterable<ScheduleRecord>;
}

export interface ScheduleStore extends ScheduleMemory {
  update(plan: (view: ScheduleMemory) => SchedulePlan, by: Actor): Promise<unknown>;
}

export interface SchedulerOptions {
  clock: Clock;
  commands: Pick<TaskCommands, "check" | "create">;
  index: TaskIndex;
  schedules: ScheduleStore;
  changes: Notifier;
  /** Writes to the server's log. Runs have no caller that gets a reply. */
  tell(entry: NewEntry): void;
}

export class Scheduler {
  readonly name = "scheduler";
  readonly #options: SchedulerOptions;
  #alarm: Timer | undefined;
  #open = false;
  #awake = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    options.changes.subscribe("schedule", () => this.#setAlarm());
  }

  /** Starts to run schedules. Runs that were missed while the server was down are made up for once. */
  start(): void {
    this.#open = true;
    this.#setAlarm();
  }

  stop(): void {
    this.#open = false;
    this.#alarm?.cancel();
  }

  /** Stores a schedule. Returns the time of the first run once the schedule is durable. */
  async schedule(
    requested: NewTask & { scheduled_time: string },
    by: Actor,
  ): Promise<{ next_run: string; scheduled_time: string }> {
    const { clock, schedules, commands, index } = this.#options;
    const { id, scheduled_time, recurring } = requested;
    await commands.check(requested);
    const first_ms = epochOf(scheduled_time);
    if (recurring?.end_time !== undefined && epochOf(recurring.end_time) < first_ms) {
      throw new ApiError("INVALID_RECURRING_CONFIG", "The schedule would end before its first run", {
        field: "task.recurring.end_time",
        value: recurring.end_time,
        expected: `not before ${scheduled_time}`,
      });
    }
    const spec = {
      task: runFields(requested),
      scheduled_time: isoTime(first_ms),
      recurring,
      created_at: isoTime(clock.now()),
      created_by: by,
    };
    await schedules.update((view) => {
      if (view.get(id) || index.find(id)) {
        throw new ApiError("TASK_ALREADY_EXISTS", `Task with ID '${id}' already exists`, { task_id: id });
      }
      const { dependencies = [] } = spec.task;
      // Retention may have removed one since the check.
      checkDependencies(id, dependencies, index.find, () => index.ids());
      const state = { runs: 0, next_ms: first_ms, ...this.#runsLeftBy(id) };
      const known = dependencies.flatMap((other) => index.find(other) ?? []);
      return { creates: [{ id, spec, state: withMet({ spec, state }, known) }] };
    }, by);
    this.#setAlarm();
    return { scheduled_time: spec.scheduled_time, next_run: spec.scheduled_time };
  }

  /** Removes a schedule. Its runs so far stay. */
  async unschedule(id: string, by: Actor): Promise<void> {
    await this.#options.schedules.update((view) => {
      if (!view.get(id)) {
        throw new ApiError("TASK_NOT_FOUND", `There is no schedule '${id}'`, {
          task_id: id,
          schedule_id: id,
        });
      }
      return { removes: [id] };
    }, by);
    this.#setAlarm();
  }

  /** Throws `TASK_ALREADY_EXISTS` if a schedule has this id. */
  refuseTaken(id: string): void {
    if (!this.#options.schedules.get(id)) return;
    throw new ApiError("TASK_ALREADY_EXISTS", `'${id}' is a schedule`, { task_id: id });
  }

  /** All schedules with their next `count` runs, the soonest first. */
  list(count: number): Schedule[] {
    const { schedules } = this.#options;
    return [...schedules.values()]
      .sort((a, b) => a.state.next_ms - b.state.next_ms || (a.id < b.id ? -1 : 1))
      .map(({ id, spec, state }) => ({
        id,
        // An earlier version also stored the read-only fields that a client had sent.
        task: { id, ...runFields(spec.task), execution: shownExecution(spec.task.execution) },
        scheduled_time: spec.scheduled_time,
        recurring: spec.recurring,
        created_by: spec.created_by,
        next_run: isoTime(state.next_ms),
        runs: state.runs,
        upcoming: upcoming(spec, state.next_ms - 1, count, state.runs).map(isoTime),
      }));
  }

  // ---- time

  #setAlarm(): void {
    // While due runs are being created, the alarm is not needed: it is set afterward.
    if (!this.#open || this.#awake) return;
    this.#alarm?.cancel();
    let next = Infinity;
    for (const { state } of this.#options.schedules.values()) next = Math.min(next, state.next_ms);
    if (next === Infinity) return;
    const delay_ms = Math.min(CLOCK_CHECK_MS, Math.max(0, next - this.#options.clock.now()));
    this.#alarm = this.#options.clock.after(delay_ms, () => void this.#wake());
  }

  async #wake(): Promise<void> {
    this.#awake = true;
    const failures = await this.#runDue().catch((error: unknown) => [error]);
    this.#awake = false;
    // The next server creates the remaining runs.
    if (!this.#open) return;
    if (failures.length === 0) return this.#setAlarm();
    log.error("{what} could not be made, trying again: {error}", {
      what: counted(failures.length, "scheduled run"),
      error: failures[0],
    });
    this.#alarm = this.#options.clock.after(RETRY_MS, () => void this.#wake());
  }

  /**
   * Creates the due runs in parallel, so that they share commits and do not delay each other. Returns the failures of
   * those to retry.
   */
  async #runDue(): Promise<unknown[]> {
    const now = this.#options.clock.now();
    const due = [...this.#options.schedules.values()].filter(({ state }) => state.next_ms <= now);
    const failures: unknown[] = [];
    for (let at = 0; at < due.length && this.#open; at += TOGETHER) {
      const runs = due.slice(at, at + TOGETHER).map((schedule) => this.#run(schedule, now));
      for (const run of await Promise.allSettled(runs)) {
        if (run.status === "rejected") failures.push(run.reason);
      }
    }
    return failures;
  }

  /**
   * Creates the run's task first, under an id that only this run can have, then advances the schedule. After a crash in
   * between, the task already exists, so no run is created twice or lost.
   */
  async #run(schedule: ScheduleRecord, now_ms: number): Promise<void> {
    const { id, state } = schedule;
    // Unscheduled while other runs were created.
    if (!this.#options.schedules.get(id)) return;
    const number = this.#mayRun(schedule) ? await this.#create(schedule) : undefined;
    await this.#options.schedules.update((view) => {
      const current = view.get(id);
      if (!current || current.state.next_ms !== state.next_ms) return {};
      const next = advanced({ ...schedule, state: current.state }, now_ms, number);
      return next ? { updates: [{ id, state: next }] } : { removes: [id] };
    }, scheduleActor(id));
  }

  #mayRun({ id, spec, state }: ScheduleRecord): boolean {
    if (state.last_run === undefined || spec.recurring?.allow_overlap) return true;
    const last = this.#options.index.find(state.last_run);
    if (!last || isFinished(last.state.status)) return true;
    this.#tell("warn", id, `Run left out: '${state.last_run}' is still ${last.state.status}`, {
      last_run: state.last_run,
    });
    return false;
  }

  /** Creates the run's task. Returns its number; undefined if it failed for a reason that a retry would not fix. */
  async #create(schedule: ScheduleRecord): Promise<number | undefined> {
    const { id, spec } = schedule;
    const number = this.#nextNumber(schedule);
    const run_id = runId(id, number);
    if (this.#isThisRun(schedule, run_id)) return number;
    const dependencies = this.#dependenciesOf(schedule);
    try {
      const task = { id: run_id, ...spec.task, dependencies };
      await this.#options.commands.create(task, scheduleActor(id), id);
      this.#tell("info", id, `Run '${run_id}' was started`, { run_id });
      return number;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Another client has just taken the id. The next try, a little later, finds another number.
      if (error.code === "TASK_ALREADY_EXISTS") throw error;
      // Retention has just removed a dependency that had completed.
      if ((this.#dependenciesOf(schedule)?.length ?? 0) < (dependencies?.length ?? 0)) {
        return await this.#create(schedule);
      }
      // A server that shuts down refuses all tasks. That is no reason to skip this run.
      if (!this.#open) throw error;
      if (
        error.code.startsWith("DATABASE_") || error.code === "DISK_SPACE_EXCEEDED" ||
        error.code === "SERVER_OVERLOAD"
      ) throw error;
      this.#tell("error", id, `Run '${run_id}' could not be made: ${error.message}`, {
        run_id,
        code: error.code,
        ...error.details,
      });
      return undefined;
    }
  }

  #dependenciesOf(schedule: ScheduleRecord): string[] | undefined {
    const { index, schedules } = this.#options;
    const current = schedules.get(schedule.id) ?? schedule;
    return runDependencies(current, (id) => index.find(id) !== undefined);
  }

  /** The first number whose id is free or belongs to this run. Runs of an earlier schedule with this id may be left. */
  #nextNumber(schedule: ScheduleRecord): number {
    const { id, state } = schedule;
    let number = (state.last_number ?? state.runs) + 1;
    for (;; number++) {
      const run_id = runId(id, number);
      if (!this.#options.index.find(run_id) || this.#isThisRun(schedule, run_id)) return number;
    }
  }

  /** Whether this task was created for the current due time, before a crash kept the schedule from advancing. */
  #isThisRun({ id }: ScheduleRecord, run_id: string): boolean {
    return this.#options.index.find(run_id)?.spec.schedule_id === id;
  }

  /**
   * The highest number of the runs that an earlier schedule of this id left. Its runs are recognized by their number,
   * not by their time, because the clock may have been set back since.
   */
  #runsLeftBy(id: string): { last_number?: number } {
    let last_number = 0;
    for (const task of this.#options.index.all()) {
      if (task.spec.schedule_id !== id) continue;
      last_number = Math.max(last_number, Number(/_run_(\d+)$/.exec(task.id)?.[1] ?? 0));
    }
    return last_number > 0 ? { last_number } : {};
  }

  #tell(
    level: NewEntry["level"],
    schedule_id: string,
    message: string,
    details: Record<string, unknown>,
  ): void {
    this.#options.tell({
      level,
      message,
      agent: schedule_id,
      source: "scheduler",
      details,
      context: { schedule_id },
    });
  }
}
