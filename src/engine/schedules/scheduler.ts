/** Schedules: tasks that run again and again. The scheduler makes their runs when they are due. */
import { getLogger } from "@logtape/logtape";
import { isoTime, type Timer } from "../../clock/clock.ts";
import { scheduleActor } from "../../domain/actor.ts";
import { advanced, ran, runId, type ScheduleRecord } from "../../domain/schedule.ts";
import { tenantOf } from "../../domain/tenant_id.ts";
import { counted } from "../../protocol/formats.ts";
import { FailureWatch } from "./failure_watch.ts";
import { recoverOneOffs } from "./one_offs.ts";
import { ScheduleCommands } from "./schedule_commands.ts";
import { MISSED_AFTER_MS, type ScheduleContext, scheduleEntry } from "./schedule_context.ts";
import { ScheduleQueries } from "./schedule_queries.ts";
import { entryOfSchedule } from "./schedule_news.ts";
import { type Came, ScheduleRuns } from "./schedule_runs.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
const RETRY_MS = 5_000;
/** How many runs are created in parallel. */
const TOGETHER = 100;

export class Scheduler {
  readonly name = "scheduler";
  readonly commands: ScheduleCommands;
  readonly queries: ScheduleQueries;
  readonly #context: ScheduleContext;
  readonly #runs: ScheduleRuns;
  readonly #failures: FailureWatch;
  #alarm: Timer | undefined;
  #open = false;
  #awake = false;

  constructor(context: ScheduleContext) {
    this.#context = context;
    this.#runs = new ScheduleRuns(context, () => this.#open);
    this.commands = new ScheduleCommands(context, this.#runs);
    this.queries = new ScheduleQueries(context);
    this.#failures = new FailureWatch(context);
    context.changes.subscribe("schedule", (changes) => {
      this.#setAlarm();
      for (const { before, after, by, elsewhere } of changes) {
        const entry = elsewhere ? undefined : entryOfSchedule(before, after, by);
        if (entry) context.tell(entry);
        const id = (after ?? before)?.id;
        if (id !== undefined) context.bus.publish({ kind: "schedule.changed", task_id: id });
      }
    });
    context.changes.subscribe("task", (changes) => {
      if (this.#open) { for (const { after } of changes) if (after) this.#failures.note(after); }
    });
  }

  /** Makes tasks of the one-off schedules of earlier versions. To be called before clients are let in. */
  async recover(): Promise<void> {
    await recoverOneOffs(this.#context);
  }

  /** Starts to run schedules. Runs that were missed while the server was down are made up for once. */
  start(): void {
    this.#open = true;
    this.#failures.all();
    this.#setAlarm();
  }

  stop(): void {
    this.#open = false;
    this.#alarm?.cancel();
  }

  #setAlarm(): void {
    // While due runs are being created, the alarm is not needed: it is set afterward.
    if (!this.#open || this.#awake) return;
    this.#alarm?.cancel();
    let next = Infinity;
    for (const { state } of this.#context.schedules.values()) next = Math.min(next, state.next_ms);
    if (next === Infinity) return;
    const delay_ms = Math.min(CLOCK_CHECK_MS, Math.max(0, next - this.#context.clock.now()));
    this.#alarm = this.#context.clock.after(delay_ms, () => void this.#wake());
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
    this.#alarm = this.#context.clock.after(RETRY_MS, () => void this.#wake());
  }

  /**
   * Creates the due runs in parallel, so that they share commits and do not delay each other. Returns the failures of
   * those to retry.
   */
  async #runDue(): Promise<unknown[]> {
    const now = this.#context.clock.now();
    const due = [...this.#context.schedules.values()].filter(({ state }) => state.next_ms <= now);
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
  async #run({ id, state }: ScheduleRecord, now_ms: number): Promise<void> {
    const { schedules } = this.#context;
    // Unscheduled, or moved to another time, while other runs were created.
    const schedule = schedules.get(id);
    if (schedule?.state.next_ms !== state.next_ms) return;
    const came = await this.#runs.due(schedule);
    let isMoved = false;
    await schedules.update((view) => {
      const current = view.get(id);
      isMoved = current?.state.next_ms === state.next_ms;
      if (!current) return {};
      // Somebody has given it another time meanwhile. A run that was made counts all the same.
      if (!isMoved) {
        return isUncounted(current, came) ? { updates: [{ id, state: ran(current, came.number) }] } : {};
      }
      const next = advanced(current, now_ms, came);
      return next ? { updates: [{ id, state: next }] } : { removes: [id] };
    }, scheduleActor(id, tenantOf(id)));
    // The times of a paused schedule come and go without a run, whoever is there.
    const isMissed = isMoved && !("reason" in came && came.reason === "paused");
    if (isMissed && now_ms - state.next_ms > MISSED_AFTER_MS) this.#tellMissed(id, state.next_ms, came);
  }

  /** Nobody was there at the time: the server was down, or the machine asleep. */
  #tellMissed(id: string, due_ms: number, came: Came): void {
    const { bus, tell } = this.#context;
    const run_id = "number" in came ? runId(id, came.number) : undefined;
    const scheduled_time = isoTime(due_ms);
    tell(scheduleEntry("warn", id, `The run of ${scheduled_time} was missed, as the server was down`, {
      scheduled_time,
      run_id,
    }));
    bus.publish({ kind: "schedule.missed", task_id: id, scheduled_time, run_id });
  }
}

/** Whether a run was made that the schedule does not know of. On a shared store another node may have made it known. */
function isUncounted({ state }: ScheduleRecord, came: Came): came is { number: number } {
  return "number" in came && came.number > (state.last_number ?? state.runs);
}
