/** The commands on schedules. Each takes the actor who asks for it and resolves once its change is stored. */
import { epochOf, isoTime } from "../../clock/clock.ts";
import type { Actor } from "../../domain/actor.ts";
import { checkDependencies } from "../../domain/dependencies.ts";
import { ApiError } from "../../domain/errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import { keepingHidden } from "../../domain/hidden_value.ts";
import {
  countedRuns,
  runFields,
  runId,
  type ScheduleRecord,
  type ScheduleSpec,
  type ScheduleState,
  withMet,
} from "../../domain/schedule.ts";
import { nextOccurrence, runsLeft } from "../../domain/timetable.ts";
import type { NewTask } from "../../domain/task.ts";
import type { ScheduleEdit } from "../../protocol/schedule_messages.ts";
import { isOneOff } from "./one_offs.ts";
import type { ScheduleContext, ScheduleMemory } from "./schedule_context.ts";
import { noSchedule } from "./schedule_queries.ts";
import type { ScheduleRuns } from "./schedule_runs.ts";

type Planned = NewTask & { scheduled_time: string };

export class ScheduleCommands {
  readonly #context: ScheduleContext;
  readonly #runs: ScheduleRuns;

  constructor(context: ScheduleContext, runs: ScheduleRuns) {
    this.#context = context;
    this.#runs = runs;
  }

  /**
   * Stores a schedule, or, without `recurring`, the task itself. Returns the time of the first run once that is durable.
   */
  async schedule(requested: Planned, by: Actor): Promise<{ next_run: string; scheduled_time: string }> {
    const { clock, schedules, commands, index } = this.#context;
    const { id, recurring } = requested;
    const scheduled_time = isoTime(epochOf(requested.scheduled_time));
    if (recurring === undefined) {
      this.refuseTaken(id);
      await commands.create({ ...requested, scheduled_time }, by);
      return { scheduled_time, next_run: scheduled_time };
    }
    await commands.check(requested);
    const spec = {
      task: runFields(requested),
      scheduled_time,
      recurring,
      created_at: isoTime(clock.now()),
      created_by: by,
    };
    const next_ms = firstTime(spec, epochOf(scheduled_time) - 1, "task.recurring");
    await schedules.update((view) => {
      if (view.get(id) || index.find(id)) {
        throw new ApiError("TASK_ALREADY_EXISTS", `Task with ID '${id}' already exists`, { task_id: id });
      }
      const { dependencies = [] } = spec.task;
      // Retention may have removed one since the check.
      checkDependencies(id, dependencies, index.find, () => index.ids());
      const state = { runs: 0, next_ms, ...this.#runs.leftBy(id) };
      return { creates: [{ id, spec, state: this.#withMet({ spec, state }) }] };
    }, by);
    return { scheduled_time, next_run: isoTime(next_ms) };
  }

  /** Changes a schedule, or a one-off task before its time. Its runs so far stay. */
  async update(id: string, asked: ScheduleEdit, by: Actor): Promise<void> {
    const schedule = this.#context.schedules.get(id);
    if (!schedule) return await this.#updateOnce(id, asked, by);
    const edit = withKnownValues(asked, schedule);
    await this.#check(schedule, edit);
    const isTimed = edit.recurring !== undefined || edit.scheduled_time !== undefined;
    await this.#change(id, by, (current) => {
      const { spec: old } = current;
      // With another time, the run would be taken for that of the new one.
      const state = isTimed ? this.#runs.counted(current) : current.state;
      const { task = {}, recurring = old.recurring, scheduled_time = old.scheduled_time } = edit;
      const spec: ScheduleSpec = {
        ...old,
        task: { ...old.task, ...task },
        recurring,
        scheduled_time: isoTime(epochOf(scheduled_time)),
      };
      const next_ms = isTimed ? this.#nextTime(spec, state) : state.next_ms;
      return { spec, state: this.#withMet({ spec, state: { ...state, next_ms } }) };
    });
  }

  /** Its times come and go without a run, until it is resumed. */
  async pause(id: string, by: Actor): Promise<void> {
    const { clock, commands } = this.#context;
    if (this.#isOnce(id)) return await commands.pause(id, by);
    await this.#change(id, by, ({ state }) => {
      requirePaused(id, state, false);
      return { state: { ...state, paused: { at: isoTime(clock.now()), by, reason: "request" } } };
    });
  }

  /** Runs that have failed so far no longer count for `pause_after_failures`. */
  async resume(id: string, by: Actor): Promise<void> {
    if (this.#isOnce(id)) return await this.#context.commands.resume(id, by);
    await this.#change(id, by, ({ state }) => {
      requirePaused(id, state, true);
      return { state: { ...state, paused: undefined, failures_after: state.last_number } };
    });
  }

  /** Makes a run now. Returns its id. `next_run` and the runs that are left stay as they are. */
  async run(id: string, by: Actor): Promise<string> {
    const { schedules } = this.#context;
    if (this.#isOnce(id)) return await this.#runOnce(id, by);
    const schedule = schedules.get(id);
    if (!schedule) throw noSchedule(id);
    const number = await this.#runs.byHand(schedule, by);
    await schedules.update((view) => {
      const current = view.get(id);
      return current ? { updates: [{ id, state: this.#runs.countedByHand(current, number) }] } : {};
    }, by);
    return runId(id, number);
  }

  /** Removes a schedule. Its runs so far stay. A one-off task is cancelled. */
  async unschedule(id: string, by: Actor): Promise<void> {
    const { schedules, commands } = this.#context;
    if (this.#isOnce(id)) return await commands.cancel(id, by);
    await schedules.update((view) => {
      if (!view.get(id)) throw noSchedule(id);
      return { removes: [id] };
    }, by);
  }

  /** Throws `TASK_ALREADY_EXISTS` if a schedule has this id. */
  refuseTaken(id: string): void {
    if (!this.#context.schedules.get(id)) return;
    throw new ApiError("TASK_ALREADY_EXISTS", `'${id}' is a schedule`, { task_id: id });
  }

  // ---- a schedule

  async #change(
    id: string,
    by: Actor,
    change: (schedule: ScheduleRecord) => { state: ScheduleState; spec?: ScheduleSpec },
  ): Promise<void> {
    await this.#context.schedules.update((view: ScheduleMemory) => {
      const schedule = view.get(id);
      if (!schedule) throw noSchedule(id);
      return { updates: [{ id, ...change(schedule) }] };
    }, by);
  }

  /** Checks the task of later runs as a new one, but for the dependencies that it had: some may be gone. */
  async #check({ id, spec }: ScheduleRecord, { task = {} }: ScheduleEdit): Promise<void> {
    const old = spec.task.dependencies ?? [];
    const dependencies = (task.dependencies ?? []).filter((other) => !old.includes(other));
    await this.#context.commands.check({ id, ...spec.task, ...task, dependencies });
  }

  #nextTime(spec: ScheduleSpec, state: ScheduleState): number {
    const next_ms = firstTime(spec, this.#context.clock.now(), "recurring");
    const { max_runs } = spec.recurring ?? {};
    if (runsLeft(spec, countedRuns(state)) > 0) return next_ms;
    throw fieldProblem(
      "INVALID_RECURRING_CONFIG",
      "recurring.max_runs",
      max_runs,
      `more than the ${countedRuns(state)} runs that it has made`,
    );
  }

  #withMet(schedule: Pick<ScheduleRecord, "spec" | "state">): ScheduleState {
    const { dependencies = [] } = schedule.spec.task;
    return withMet(schedule, dependencies.flatMap((other) => this.#context.index.find(other) ?? []));
  }

  // ---- a one-off task

  #isOnce(id: string): boolean {
    const { index, clock } = this.#context;
    const task = index.find(id);
    return task !== undefined && isOneOff(task, clock.now());
  }

  async #updateOnce(
    id: string,
    { task = {}, recurring, scheduled_time }: ScheduleEdit,
    by: Actor,
  ): Promise<void> {
    if (!this.#isOnce(id)) throw noSchedule(id);
    if (recurring !== undefined) {
      throw fieldProblem(
        "INVALID_RECURRING_CONFIG",
        "recurring",
        recurring,
        "no 'recurring' for a task that runs once",
        `Task '${id}' runs once. Make a schedule with schedule_task, then cancel this task`,
      );
    }
    const timed = scheduled_time === undefined ? {} : { scheduled_time: isoTime(epochOf(scheduled_time)) };
    await this.#context.commands.update(id, { ...task, ...timed }, by);
  }

  /** Its time comes now. */
  async #runOnce(id: string, by: Actor): Promise<string> {
    const { commands, clock, index } = this.#context;
    await commands.update(id, { scheduled_time: isoTime(clock.now()) }, by);
    if (index.find(id)?.state.status === "paused") await commands.resume(id, by);
    return id;
  }
}

/** What was masked where the client has read the schedule stays as it is. */
function withKnownValues(edit: ScheduleEdit, { spec }: ScheduleRecord): ScheduleEdit {
  const { task } = edit;
  if (task?.execution === undefined) return edit;
  return { ...edit, task: { ...task, execution: keepingHidden(task.execution, spec.task.execution) } };
}

/** Throws `INVALID_RECURRING_CONFIG` if no time comes after `after_ms`. */
function firstTime(
  spec: Pick<ScheduleSpec, "scheduled_time" | "recurring">,
  after_ms: number,
  field: string,
): number {
  const next_ms = nextOccurrence(spec, after_ms);
  if (next_ms !== undefined) return next_ms;
  throw fieldProblem(
    "INVALID_RECURRING_CONFIG",
    `${field}.end_time`,
    spec.recurring?.end_time,
    `not before ${spec.scheduled_time}`,
    "The schedule would end before its first run",
  );
}

function requirePaused(id: string, { paused }: ScheduleState, expected: boolean): void {
  if ((paused !== undefined) === expected) return;
  const [current_status, expected_status] = expected ? ["pending", "paused"] : ["paused", "pending"];
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    id,
    [expected_status],
    `Schedule '${id}' is ${expected ? "not paused" : "already paused"}`,
    { current_status },
  );
}
