/** What clients of the API's earlier versions send, in today's form. */

import { type Deprecation, TASK_DATA } from "./deprecations.ts";

/** Messages whose task earlier clients send as `task_data`. */
const TASK_MESSAGES: readonly unknown[] = ["start_task", "schedule_task"];

export interface TodaysForm {
  message: Record<string, unknown>;
  /** What the message should no longer have. */
  deprecated: readonly Deprecation[];
}

/** The message with `task_data` as its `task`, if it has no `task` of its own. */
export function inTodaysForm(message: Record<string, unknown>): TodaysForm {
  const isOld = TASK_MESSAGES.includes(message.type) && Object.hasOwn(message, "task_data") &&
    !Object.hasOwn(message, "task");
  if (!isOld) return { message, deprecated: [] };
  const { task_data, ...others } = message;
  return { message: { ...others, task: task_data }, deprecated: [TASK_DATA] };
}
