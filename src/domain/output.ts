/** What is stored of an attempt besides the task's record: its answer, and how its process ended. */
import * as z from "zod";

export const AttemptOutput = z.object({
  output: z.string(),
  exit_code: z.int().optional(),
  stop_reason: z.string().optional(),
  usage: z.record(z.string(), z.unknown()).optional(),
});
export type AttemptOutput = z.infer<typeof AttemptOutput>;
