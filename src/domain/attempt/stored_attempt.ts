/** What is kept of each attempt of a task. */
import { z } from "zod";

/** An attempt as its task's record keeps it and clients see it. The one under way has no `ended_at`. */
export const Attempt = z.object({
  attempt: z.int(),
  turn: z.int().optional().describe("The last turn that it worked on. Absent in records of older versions."),
  agent: z.string(),
  started_at: z.string(),
  ended_at: z.string().optional(),
  outcome: z.enum(["completed", "failed", "cancelled", "interrupted", "timeout", "unresponsive"]).optional()
    .describe(
      "interrupted: the server went away in the middle. unresponsive: it gave no sign of life any more.",
    ),
  error: z.string().optional(),
  exit_code: z.int().optional(),
  stop_reason: z.string().optional(),
  resumed: z.boolean().optional().describe("Whether it went on with the session of the attempt before."),
});
export type Attempt = z.infer<typeof Attempt>;
