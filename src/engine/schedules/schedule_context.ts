/** What the parts of the scheduler share. */
import type { Clock } from "../../clock/clock.ts";
import type { Actor } from "../../domain/actor.ts";
import type { ScheduleRecord, ScheduleSpec, ScheduleState } from "../../domain/schedule.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { WaitingKind } from "../../domain/waiting_for.ts";
import type { TaskIndex } from "../../read/task_index.ts";
import type { NewEntry } from "../../store/log_line.ts";
import type { Notifier } from "../../store/notifier.ts";
import type { Tasks } from "../../store/queue.ts";
import type { EventBus } from "../events.ts";
import type { TaskCommands } from "../task_commands.ts";

/** A run that is made so late was missed. */
export const MISSED_AFTER_MS = 60_000;

export interface SchedulePlan {
  creates?: ScheduleRecord[];
  updates?: { id: string; state: ScheduleState; spec?: ScheduleSpec }[];
  removes?: string[];
}

export interface ScheduleMemory {
  get(id: string): ScheduleRecord | undefined;
  values(): Iterable<ScheduleRecord>;
}

export interface ScheduleStore extends ScheduleMemory {
  update(plan: (view: ScheduleMemory) => SchedulePlan, by: Actor): Promise<unknown>;
}

/** What the audit log says of a run. */
export interface ScheduledAction {
  actor: Actor;
  action: string;
  target: string;
  details: Record<string, unknown>;
}

export interface ScheduleContext {
  clock: Clock;
  commands: Pick<TaskCommands, "check" | "create" | "cancel" | "update" | "pause" | "resume">;
  index: TaskIndex;
  /** `isDoubtful`: the outcome of some change is not known yet. */
  tasks: Tasks & { readonly isDoubtful: boolean };
  schedules: ScheduleStore;
  changes: Notifier;
  bus: Pick<EventBus, "publish">;
  /** What an unfinished task waits for. */
  waitOf(task: TaskRecord): WaitingKind | undefined;
  /** Carries out what a schedule asks for, with its entry in the audit log; absent if none is kept. */
  audited?(asked: ScheduledAction, work: () => Promise<unknown>): Promise<unknown>;
  /** Writes to the server's log. Runs have no caller that gets a reply. */
  tell(entry: NewEntry): void;
}

/** An entry of the server's log about a schedule. */
export function scheduleEntry(
  level: NewEntry["level"],
  schedule_id: string,
  message: string,
  details: Record<string, unknown>,
): NewEntry {
  return {
    level,
    message,
    agent: schedule_id,
    source: "scheduler",
    details,
    context: { schedule_id },
  };
}
