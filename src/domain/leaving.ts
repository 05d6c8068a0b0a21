/**
 * A task whose agent is still being ended: it was cancelled, or its server has died or stops. The attempt has lost its lease by
 * that, so nothing else says that there may be a process in the task's folder. Another attempt would share it with that process, on
 * another node too.
 */
import type { Lease } from "./lease.ts";
import type { TaskState } from "./task_record.ts";

/** Whether a process of such an attempt may still be at work. A node ends its agents before its leases become void. */
export function isLeaving({ leaving }: TaskState, isVoid: (lease: Lease) => boolean): boolean {
  return leaving !== undefined && !isVoid(leaving);
}

/** The same object if nothing is leaving. */
export function withoutLeaving(state: TaskState): TaskState {
  return state.leaving === undefined ? state : { ...state, leaving: undefined };
}
