/** What clients of the API's earlier versions send, in today's form. */

/** Messages whose task earlier clients send as `task_data`. */
const TASK_MESSAGES: readonly unknown[] = ["start_task", "schedule_task"];

/** The message with `task_data` as its `task`, if it has no `task` of its own. */
export function inTodaysForm(message: Record<string, unknown>): Record<string, unknown> {
  if (!TASK_MESSAGES.includes(message.type)) return message;
  if (!Object.hasOwn(message, "task_data") || Object.hasOwn(message, "task")) return message;
  const { task_data, ...others } = message;
  return { ...others, task: task_data };
}
