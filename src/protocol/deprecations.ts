/** What clients should no longer send or read. Each still works until the version that removes it. */
import * as z from "zod";

export const Deprecation = z.object({
  field: z.string().describe("The field, after the type of its message."),
  since: z.string().describe("The version of the API that deprecated it."),
  removed_in: z.string().describe("The version of the API that no longer knows it."),
  use: z.string().describe("What to use in its place."),
});
export type Deprecation = z.infer<typeof Deprecation>;

const SINCE = "1.4.0";
const REMOVED_IN = "3.0.0";

const old = (field: string, use: string): Deprecation => ({
  field,
  since: SINCE,
  removed_in: REMOVED_IN,
  use,
});

/** The task of `start_task` and `schedule_task`, as the first clients named it. */
export const TASK_DATA = old("task_data", "task");

/** All of them: first what clients send, then what only servers with `compatibility.pushes` send. */
export const DEPRECATIONS: readonly Deprecation[] = [
  TASK_DATA,
  ...["agents", "tasks", "system_resources", "claude_processes"].map((name) =>
    old(`full_status.${name}`, `full_status.data.${name}`)
  ),
];
