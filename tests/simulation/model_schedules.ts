/** What is promised of schedules: each of their times makes one run, not before it has come, or is left out for a reason. */
import { isDeepStrictEqual } from "node:util";
import type { ScheduleSpec, ScheduleState } from "../../src/domain/schedule.ts";
import { timeAfter } from "./calendar.ts";
import type { SimTime } from "./sim_time.ts";

interface KnownSchedule {
  spec: ScheduleSpec;
  next_ms: number;
  runs: number;
  by_hand: number;
  /** Runs that were started by hand and are not counted yet. */
  extra: number;
  /** The run made for `next_ms`. */
  made: string | undefined;
  last_run: string | undefined;
  /** Since when it is paused, and when it was resumed last, by the monotonic clock. */
  paused_ms: number | undefined;
  resumed_ms: number;
  /** When it was changed last. */
  edited_ms: number;
}

/** What was decided just before a change is carried out all the same, on a slow disk that much later. */
export const UNDER_WAY_MS = 45_000;

export class ScheduleModel {
  readonly known = new Map<string, KnownSchedule>();
  /** Those that a client has asked to end. */
  readonly unwanted = new Set<string>();
  /** Those that are gone by a commit that was answered with an error, so that the program may not know of it yet. */
  readonly doubtful = new Set<string>();
  /** When each was gone, by the monotonic clock. */
  readonly #over = new Map<string, number>();
  readonly #time: SimTime;
  readonly #fail: (message: string) => void;
  readonly #isGoingOn: (task_id: string) => boolean;

  constructor(time: SimTime, fail: (message: string) => void, isGoingOn: (task_id: string) => boolean) {
    this.#time = time;
    this.#fail = fail;
    this.#isGoingOn = isGoingOn;
  }

  created(id: string, spec: ScheduleSpec): void {
    if (this.known.has(id)) this.#fail(`schedule ${id} was made twice`);
    if (!spec.recurring) this.#fail(`schedule ${id} comes once and is no task`);
    this.unwanted.delete(id);
    this.doubtful.delete(id);
    this.known.set(id, {
      spec,
      next_ms: timeAfter(spec, Date.parse(spec.scheduled_time) - 1),
      runs: 0,
      by_hand: 0,
      extra: 0,
      made: undefined,
      last_run: undefined,
      paused_ms: undefined,
      resumed_ms: -Infinity,
      edited_ms: -Infinity,
    });
  }

  /** `isOwn`: the schedule has made it, nobody by hand. */
  ran(id: string, task_id: string, isOwn: boolean): void {
    const schedule = this.known.get(id);
    // Its client may have ended it while the run was on its way.
    if (!schedule) {
      // It has come to its end while somebody started one by hand.
      const isUnderWay = !isOwn &&
        this.#time.monotonic_ms - (this.#over.get(id) ?? -Infinity) <= UNDER_WAY_MS;
      return isUnderWay || this.unwanted.has(id)
        ? undefined
        : this.#fail(`${task_id} is a run of no schedule`);
    }
    if (!isOwn) return void schedule.extra++;
    const { last_run, spec, paused_ms = Infinity, edited_ms } = schedule;
    const now_ms = this.#time.monotonic_ms;
    if (schedule.next_ms > this.#time.latest_ms && now_ms - edited_ms > UNDER_WAY_MS) {
      this.#fail(`${task_id} runs before its time`);
    }
    if (schedule.made !== undefined) this.#fail(`${task_id} and ${schedule.made} are runs of the same time`);
    const mayOverlap = spec.recurring?.allow_overlap || now_ms - edited_ms <= UNDER_WAY_MS;
    if (last_run !== undefined && !mayOverlap && this.#isGoingOn(last_run)) {
      this.#fail(`${task_id} runs while ${last_run} goes on`);
    }
    if (now_ms - paused_ms > UNDER_WAY_MS) this.#fail(`${task_id} runs although its schedule is paused`);
    schedule.made = task_id;
  }

  /** `spec`: as it was written with the state. */
  moved(id: string, state: ScheduleState, spec: ScheduleSpec | undefined): void {
    const schedule = this.known.get(id)!;
    const { next_ms, runs, by_hand = 0 } = state;
    const before = { ...schedule };
    const now_ms = this.#time.monotonic_ms;
    const isEdited = spec !== undefined && !isDeepStrictEqual(spec, schedule.spec);
    if (isEdited) Object.assign(schedule, { spec, edited_ms: now_ms });
    const counted = runs - before.runs - (by_hand - before.by_hand);
    const made = before.made === undefined ? 0 : 1;
    Object.assign(schedule, { next_ms, runs, by_hand, last_run: state.last_run });
    if (before.paused_ms !== undefined && !state.paused) schedule.resumed_ms = now_ms;
    schedule.paused_ms = state.paused ? before.paused_ms ?? now_ms : undefined;
    schedule.extra -= by_hand - before.by_hand;
    if (schedule.extra < 0) this.#fail(`schedule ${id} counts a run by hand that nobody has started`);
    const isAdvanced = next_ms !== before.next_ms && !isEdited;
    if (isAdvanced ? counted !== made : counted < 0 || counted > made) {
      this.#fail(`schedule ${id} counts ${runs} runs, and ${made} was made`);
    }
    if (counted > 0) schedule.made = undefined;
    if (next_ms !== before.next_ms) this.#checkNext(id, schedule, isAdvanced ? before.next_ms : -Infinity);
    if (!isAdvanced || made > 0) return;
    // A run that goes on and a pause are the only reasons to leave one out.
    const canOverlap = before.last_run !== undefined || before.extra > 0;
    const mustRun = !canOverlap || before.spec.recurring?.allow_overlap;
    const wasPaused = before.paused_ms !== undefined || now_ms - before.resumed_ms <= UNDER_WAY_MS;
    if (mustRun && !wasPaused) {
      this.#fail(`schedule ${id} leaves out its run of ${new Date(before.next_ms).toISOString()}`);
    }
    if (Date.parse(state.skipped?.at(-1)?.time ?? "") !== before.next_ms) {
      this.#fail(`schedule ${id} does not say why it leaves out a run`);
    }
  }

  /** It goes on at one of its times, and leaves out none that is still to come. */
  #checkNext(id: string, { spec, next_ms }: KnownSchedule, before_ms: number): void {
    if (timeAfter(spec, next_ms - 1) !== next_ms || next_ms <= before_ms) {
      this.#fail(`schedule ${id} goes on at ${new Date(next_ms).toISOString()}, which is none of its times`);
    } else if (timeAfter(spec, Math.max(before_ms, this.#time.latest_ms)) < next_ms) {
      this.#fail(`schedule ${id} leaves out a time`);
    }
  }

  removed(id: string, answered: boolean): void {
    const schedule = this.known.get(id);
    this.known.delete(id);
    this.#over.set(id, this.#time.monotonic_ms);
    if (!answered) this.doubtful.add(id);
    if (!schedule || this.unwanted.has(id)) return;
    const { recurring } = schedule.spec;
    const runs = schedule.runs - schedule.by_hand + (schedule.made === undefined ? 0 : 1);
    if (recurring?.max_runs !== undefined && runs >= recurring.max_runs) return;
    // The first of its times that is still to come lies behind its end.
    const next_ms = timeAfter(schedule.spec, Math.max(schedule.next_ms, this.#time.latest_ms));
    const end_ms = recurring?.end_time === undefined ? Infinity : Date.parse(recurring.end_time);
    if (next_ms <= end_ms) this.#fail(`schedule ${id} is over too soon`);
  }

  /** Those whose time has come. */
  get waiting(): string[] {
    return [...this.known].filter(([, { next_ms }]) => next_ms <= this.#time.now_ms).map(([id]) => id);
  }
}
