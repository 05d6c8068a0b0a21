/** Makes the runs of a schedule. Each is a task of its own, `ID_run_1`, `ID_run_2`, …. */
import { tenantOf } from "../../domain/tenant_id.ts";
import { type Actor, scheduleActor } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import {
  isOwnRun,
  ran,
  ranByHand,
  runDependencies,
  runId,
  runNumber,
  type ScheduleRecord,
  type ScheduleState,
  type Skipped,
  type SkipReason,
} from "../../domain/schedule.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { isFinished } from "../../domain/task_values.ts";
import type { WaitingKind } from "../../domain/waiting_for.ts";
import { type ScheduleContext, scheduleEntry } from "./schedule_context.ts";

/** How often a run by hand looks for another number when somebody else has taken its id. */
const TRIES_MAX = 5;

/** Why the run before still goes on, if it waits for one of these. */
const HELD: Partial<Record<WaitingKind, SkipReason>> = { provider_limit: "held_agent", node: "no_node" };

/** The number of a run that was made, or why there is none. */
export type Came = { number: number } | Omit<Skipped, "time">;

export class ScheduleRuns {
  readonly #context: ScheduleContext;
  readonly #isOpen: () => boolean;

  /** `isOpen`: whether the server still makes runs. */
  constructor(context: ScheduleContext, isOpen: () => boolean) {
    this.#context = context;
    this.#isOpen = isOpen;
  }

  /** Makes the run that is due, unless it has to be left out. Throws what a retry may fix. */
  async due(schedule: ScheduleRecord): Promise<Came> {
    const { id, state } = schedule;
    // It was made before a crash or a failed commit kept the schedule from knowing. What has come since does not matter.
    const made = this.#uncounted(schedule);
    if (made !== undefined) return { number: made };
    const skipped = state.paused ? { reason: "paused" as const } : this.#overlap(schedule);
    if (!skipped) return await this.#create(schedule);
    // It may have been made by a commit of which nobody knows yet: then it is not left out.
    if (this.#context.tasks.isDoubtful) {
      throw new ApiError("DATABASE_CONNECTION_ERROR", "It is not known yet whether the run was made");
    }
    if (skipped.reason === "paused") return skipped;
    this.#tell("warn", id, `Run left out: ${skipped.message}`, { last_run: state.last_run });
    return skipped;
  }

  /** Makes a run now, whatever else goes on. Returns its number. Throws as `start_task` does. */
  async byHand(schedule: ScheduleRecord, by: Actor): Promise<number> {
    const { id, spec } = schedule;
    for (let tries = 1;; tries++) {
      const number = this.#freeNumber(schedule);
      try {
        const dependencies = this.#dependenciesOf(schedule);
        await this.#context.commands.create({ id: runId(id, number), ...spec.task, dependencies }, by, id);
        return number;
      } catch (error) {
        const isTaken = error instanceof ApiError && error.code === "TASK_ALREADY_EXISTS";
        if (!isTaken || tries === TRIES_MAX) throw error;
      }
    }
  }

  /** The schedule's state, with a run that was made and not counted yet. */
  counted(schedule: ScheduleRecord): ScheduleState {
    const number = this.#uncounted(schedule);
    return number === undefined ? schedule.state : ran(schedule, number);
  }

  /** The schedule's state with a run that was started by hand. */
  countedByHand(schedule: ScheduleRecord, number: number): ScheduleState {
    const next = ranByHand(schedule, number);
    const uncounted = this.#uncounted(schedule);
    // One that the schedule has made and does not know of yet is found by its number, which must stay ahead.
    if (uncounted === undefined || uncounted > number) return next;
    return { ...next, last_number: firstNumber(schedule.state) - 1 };
  }

  /**
   * The highest number of the runs that an earlier schedule of this id left. Its runs are recognized by their number,
   * not by their time, because the clock may have been set back since.
   */
  leftBy(id: string): { last_number?: number } {
    let last_number = 0;
    for (const task of this.#context.index.all()) {
      if (task.spec.schedule_id === id) last_number = Math.max(last_number, runNumber(task.id));
    }
    return last_number > 0 ? { last_number } : {};
  }

  #overlap(schedule: ScheduleRecord): Omit<Skipped, "time"> | undefined {
    if (schedule.spec.recurring?.allow_overlap) return undefined;
    const before = this.#lastRuns(schedule).find(({ state }) => !isFinished(state.status));
    if (!before) return undefined;
    const waits = this.#context.waitOf(before);
    const reason = (waits && HELD[waits]) ?? "overlap";
    return { reason, message: `'${before.id}' is still ${before.state.status}` };
  }

  /** The last run, and those by hand that are not counted yet. */
  #lastRuns({ id, state }: ScheduleRecord): TaskRecord[] {
    const { find } = this.#context.index;
    const last = state.last_run === undefined ? undefined : find(state.last_run);
    const runs = last ? [last] : [];
    for (let number = firstNumber(state);; number++) {
      const task = find(runId(id, number));
      if (!task) return runs;
      if (task.spec.schedule_id === id && !isOwnRun(task, id)) runs.push(task);
    }
  }

  /** Creates the run's task. Its failure is told if a retry would not fix it. */
  async #create(schedule: ScheduleRecord): Promise<Came> {
    const { id, spec } = schedule;
    const number = this.#freeNumber(schedule);
    const run_id = runId(id, number);
    const dependencies = this.#dependenciesOf(schedule);
    try {
      const task = { id: run_id, ...spec.task, dependencies };
      const actor = scheduleActor(id, tenantOf(id));
      const asked = { actor, action: "run_schedule", target: run_id, details: { schedule_id: id } };
      const create = () => this.#context.commands.create(task, actor, id);
      await (this.#context.audited?.(asked, create) ?? create());
      this.#tell("info", id, `Run '${run_id}' was started`, { run_id });
      return { number };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Another client has just taken the id. The next try, a little later, finds another number.
      if (error.code === "TASK_ALREADY_EXISTS") throw error;
      // Retention has just removed a dependency that had completed.
      if ((this.#dependenciesOf(schedule)?.length ?? 0) < (dependencies?.length ?? 0)) {
        return await this.#create(schedule);
      }
      // A server that shuts down refuses all tasks. That is no reason to skip this run.
      if (!this.#isOpen()) throw error;
      if (
        error.code.startsWith("DATABASE_") || error.code === "DISK_SPACE_EXCEEDED" ||
        error.code === "SERVER_OVERLOAD"
      ) throw error;
      this.#tell("error", id, `Run '${run_id}' could not be made: ${error.message}`, {
        run_id,
        code: error.code,
        ...error.details,
      });
      return { reason: "failed", message: error.message };
    }
  }

  #dependenciesOf(schedule: ScheduleRecord): string[] | undefined {
    const { index, schedules } = this.#context;
    const current = schedules.get(schedule.id) ?? schedule;
    return runDependencies(current, (id) => index.find(id) !== undefined);
  }

  /** The first number whose id is free. Runs of an earlier schedule with this id may be left. */
  #freeNumber({ id, state }: ScheduleRecord): number {
    let number = firstNumber(state);
    while (this.#context.index.find(runId(id, number))) number++;
    return number;
  }

  /** The number of the run that was made for the current due time, if the schedule does not know of it yet. */
  #uncounted({ id, state }: ScheduleRecord): number | undefined {
    for (let number = firstNumber(state);; number++) {
      const task = this.#context.index.find(runId(id, number));
      if (!task) return undefined;
      if (isOwnRun(task, id)) return number;
    }
  }

  #tell(...entry: Parameters<typeof scheduleEntry>): void {
    this.#context.tell(scheduleEntry(...entry));
  }
}

/** The number after those that the schedule knows of. */
function firstNumber({ runs, last_number = runs }: ScheduleState): number {
  return last_number + 1;
}
