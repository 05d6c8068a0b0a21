/** What is promised of schedules: each of their times makes one run, not before it has come, or is left out for a reason. */
import type { ScheduleSpec, ScheduleState } from "../../src/domain/schedule.ts";
import { occurrenceOf } from "./calendar.ts";
import type { SimTime } from "./sim_time.ts";

interface KnownSchedule {
  spec: ScheduleSpec;
  next_ms: number;
  /** Which of its times that is; 0 is the first. */
  index: number;
  runs: number;
  /** The run made for `next_ms`. */
  made: string | undefined;
  last_run: string | undefined;
}

/** More than a history can pass over: the clock jumps a hundred times, by a month. */
const TIMES_MAX = 4_000;

export class ScheduleModel {
  readonly known = new Map<string, KnownSchedule>();
  /** Those that a client has asked to end. */
  readonly unwanted = new Set<string>();
  /** Those that are gone by a commit that was answered with an error, so that the program may not know of it yet. */
  readonly doubtful = new Set<string>();
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
    this.unwanted.delete(id);
    this.doubtful.delete(id);
    const next_ms = Date.parse(spec.scheduled_time);
    this.known.set(id, { spec, next_ms, index: 0, runs: 0, made: undefined, last_run: undefined });
  }

  ran(id: string, task_id: string): void {
    const schedule = this.known.get(id);
    // Its client may have ended it while the run was on its way.
    if (!schedule) {
      return this.unwanted.has(id) ? undefined : this.#fail(`${task_id} is a run of no schedule`);
    }
    if (schedule.next_ms > this.#time.latest_ms) this.#fail(`${task_id} runs before its time`);
    if (schedule.made !== undefined) this.#fail(`${task_id} and ${schedule.made} are runs of the same time`);
    const { last_run, spec } = schedule;
    if (last_run !== undefined && !spec.recurring?.allow_overlap && this.#isGoingOn(last_run)) {
      this.#fail(`${task_id} runs while ${last_run} goes on`);
    }
    schedule.made = schedule.last_run = task_id;
  }

  moved(id: string, { next_ms, runs }: ScheduleState): void {
    const schedule = this.known.get(id)!;
    if (next_ms === schedule.next_ms && runs === 0) return;
    const before_ms = schedule.next_ms;
    const made = schedule.made === undefined ? 0 : 1;
    // A run that goes on is the only reason to leave one out.
    const mustRun = schedule.last_run === undefined || schedule.spec.recurring?.allow_overlap;
    if (made === 0 && mustRun) {
      return this.#fail(`schedule ${id} leaves out its run of ${new Date(before_ms).toISOString()}`);
    }
    if (runs - schedule.runs !== made) this.#fail(`schedule ${id} counts ${runs} runs, and ${made} was made`);
    const index = this.#indexOf(schedule, next_ms);
    if (index === undefined) {
      return this.#fail(
        `schedule ${id} goes on at ${new Date(next_ms).toISOString()}, which is none of its times`,
      );
    }
    if (occurrenceOf(schedule.spec, index - 1) > Math.max(before_ms, this.#time.latest_ms)) {
      this.#fail(`schedule ${id} leaves out a time`);
    }
    Object.assign(schedule, { next_ms, index, runs, made: undefined });
  }

  /** Which of the times to come this is. */
  #indexOf({ spec, index }: KnownSchedule, at_ms: number): number | undefined {
    for (let later = index + 1; later < index + TIMES_MAX; later++) {
      const time_ms = occurrenceOf(spec, later);
      if (time_ms === at_ms) return later;
      if (time_ms > at_ms) return undefined;
    }
  }

  removed(id: string, answered: boolean): void {
    const schedule = this.known.get(id);
    this.known.delete(id);
    if (!answered) this.doubtful.add(id);
    if (!schedule || this.unwanted.has(id)) return;
    const { recurring } = schedule.spec;
    const runs = schedule.runs + (schedule.made === undefined ? 0 : 1);
    if (schedule.made === undefined && !recurring) this.#fail(`schedule ${id} is over without a run`);
    if (!recurring || (recurring.max_runs !== undefined && runs >= recurring.max_runs)) return;
    // The first of its times that is still to come lies behind its end.
    let { index } = schedule;
    const after_ms = Math.max(schedule.next_ms, this.#time.latest_ms);
    while (occurrenceOf(schedule.spec, index) <= after_ms) index++;
    const end_ms = recurring.end_time === undefined ? Infinity : Date.parse(recurring.end_time);
    if (occurrenceOf(schedule.spec, index) <= end_ms) this.#fail(`schedule ${id} is over too soon`);
  }

  /** Those whose time has come, or that come once. */
  get waiting(): string[] {
    const isWaiting = ({ next_ms, spec }: KnownSchedule) => next_ms <= this.#time.now_ms || !spec.recurring;
    return [...this.known].filter(([, schedule]) => isWaiting(schedule)).map(([id]) => id);
  }
}
