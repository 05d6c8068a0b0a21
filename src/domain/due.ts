/** When a task is due. */
import { epochOf } from "../clock/clock.ts";
import type { TaskRecord } from "./task_record.ts";

/** The earliest start of a task, in epoch milliseconds: its scheduled time, or that of its next attempt. */
export function dueAt({ spec, state }: Pick<TaskRecord, "spec"> & Partial<TaskRecord>): number | undefined {
  const times = [spec.scheduled_time, state?.not_before].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times.map(epochOf));
}

export function isDue(task: Parameters<typeof dueAt>[0], now_ms: number): boolean {
  return (dueAt(task) ?? now_ms) <= now_ms;
}
