/**
 * Tasks that run once at a given time. Each is an ordinary task that is pending until then. Schedules show it as one of
 * them, because that is where a person looks for what is to come.
 */
import { getLogger } from "@logtape/logtape";
import { epochOf, isoTime } from "../../clock/clock.ts";
import { SERVER } from "../../domain/actor.ts";
import { openDependencies, readiness } from "../../domain/dependencies.ts";
import { runDependencies, runFields, type ScheduleRecord } from "../../domain/schedule.ts";
import { specOf, type TaskRecord } from "../../domain/task_record.ts";
import { created } from "../../domain/transitions.ts";
import { present } from "../../read/task_index.ts";
import { insert } from "../../store/queue.ts";
import { counted } from "../../protocol/formats.ts";
import { MISSED_AFTER_MS, type ScheduleContext, scheduleEntry } from "./schedule_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** Whether the task waits for a time that is still to come, paused or not. */
export function isOneOff({ spec, state }: TaskRecord, now_ms: number): boolean {
  if (spec.scheduled_time === undefined || epochOf(spec.scheduled_time) <= now_ms) return false;
  return state.status === "pending" || (state.status === "paused" && state.paused_from === "pending");
}

/** Makes tasks of the one-off schedules of earlier versions, and tells which one-off tasks were missed. */
export async function recoverOneOffs(context: ScheduleContext): Promise<void> {
  const stored = [...context.schedules.values()].filter(({ spec }) => spec.recurring === undefined);
  for (const schedule of stored) await migrate(schedule, context);
  if (stored.length > 0) {
    log.info("{what} of an earlier version became tasks", {
      what: counted(stored.length, "one-off schedule"),
    });
  }
  const { index, clock } = context;
  const late_ms = clock.now() - MISSED_AFTER_MS;
  for (const { id, spec, state } of index.all()) {
    const { scheduled_time } = spec;
    if (state.status !== "pending" || scheduled_time === undefined || epochOf(scheduled_time) >= late_ms) {
      continue;
    }
    // What waits for other tasks would not have run at its time either.
    if (state.attempt === 0 && openDependencies(spec, index.find).length === 0) {
      tellMissed(id, scheduled_time, context);
    }
  }
}

/**
 * The task first, then the end of the schedule. After a crash in between, the task is there: an id is either a schedule's
 * or a task's. A run that an earlier version had made is the task.
 */
async function migrate(schedule: ScheduleRecord, context: ScheduleContext): Promise<void> {
  const { index, schedules } = context;
  const { id, state } = schedule;
  const isMade = state.runs > 0 || index.find(id) !== undefined ||
    [...index.all()].some(({ spec }) => spec.schedule_id === id && epochOf(spec.created_at) >= state.next_ms);
  if (!isMade) await makeTask(schedule, context);
  await schedules.update((view) => view.get(id) ? { removes: [id] } : {}, SERVER);
}

async function makeTask(schedule: ScheduleRecord, { tasks, index }: ScheduleContext): Promise<void> {
  const { id, spec } = schedule;
  const { scheduled_time, created_at, created_by } = spec;
  const dependencies = runDependencies(schedule, (other) => index.find(other) !== undefined);
  const asked = { id, ...runFields(spec.task), dependencies, scheduled_time };
  const task = specOf(asked, { created_at, created_by, order: index.nextOrder() });
  await insert(tasks, id, (view) => {
    const ready = readiness(task, (other) => view.get(other));
    return { spec: task, state: created(ready, false, created_at), reads: present(dependencies ?? [], view) };
  }, created_by ?? SERVER);
}

function tellMissed(id: string, scheduled_time: string, { bus, tell }: ScheduleContext): void {
  const time = isoTime(epochOf(scheduled_time));
  tell(
    scheduleEntry("warn", id, `Its time, ${time}, was missed, as the server was down`, {
      scheduled_time: time,
    }),
  );
  bus.publish({ kind: "schedule.missed", task_id: id, scheduled_time: time });
}
