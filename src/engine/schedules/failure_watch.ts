/** Pauses schedules whose runs fail again and again (`recurring.pause_after_failures`). */
import { getLogger } from "@logtape/logtape";
import { isoTime } from "../../clock/clock.ts";
import { scheduleActor } from "../../domain/actor.ts";
import { failuresInARow, type ScheduleRecord } from "../../domain/schedule.ts";
import { tenantOf } from "../../domain/tenant_id.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { type ScheduleContext, scheduleEntry } from "./schedule_context.ts";
import { counted } from "../../protocol/formats.ts";

const log = getLogger(["opencode-agents", "engine"]);

export class FailureWatch {
  readonly #context: Pick<ScheduleContext, "clock" | "index" | "schedules" | "tell">;

  constructor(context: ScheduleContext) {
    this.#context = context;
  }

  /** Looks at the schedule of a run that has failed. */
  note({ spec, state }: TaskRecord): void {
    if (state.status !== "failed" || spec.schedule_id === undefined) return;
    const schedule = this.#context.schedules.get(spec.schedule_id);
    if (schedule) this.#look(schedule);
  }

  /** Looks at all schedules: the server may have ended between a failure and the pause. */
  all(): void {
    for (const schedule of this.#context.schedules.values()) this.#look(schedule);
  }

  #look(schedule: ScheduleRecord): void {
    if (!this.#isTooMuch(schedule)) return;
    this.#pause(schedule.id).catch((error) =>
      log.error("Schedule {id} could not be paused: {error}", { id: schedule.id, error })
    );
  }

  #isTooMuch(schedule: ScheduleRecord): boolean {
    const { pause_after_failures: most = 0 } = schedule.spec.recurring ?? {};
    if (most === 0 || schedule.state.paused) return false;
    return failuresInARow(schedule, this.#context.index.all()) >= most;
  }

  async #pause(id: string): Promise<void> {
    const { clock, schedules, tell } = this.#context;
    const by = scheduleActor(id, tenantOf(id));
    let failures: number | undefined;
    await schedules.update((view) => {
      const schedule = view.get(id);
      failures = schedule && this.#isTooMuch(schedule)
        ? schedule.spec.recurring?.pause_after_failures
        : undefined;
      if (!schedule || failures === undefined) return {};
      const paused = { at: isoTime(clock.now()), by, reason: "failures" as const };
      return { updates: [{ id, state: { ...schedule.state, paused } }] };
    }, by);
    if (failures === undefined) return;
    const what = `Paused, after ${
      counted(failures, "failed run")
    } in a row. Resume it when the reason is gone`;
    tell(scheduleEntry("warn", id, what, { failures }));
  }
}
