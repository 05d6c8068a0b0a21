/** The history of a task's attempts, as it is stored. */
import * as z from "zod";
import { Failure } from "../failure.ts";

/** An attempt in its task's record, also shown to clients. The running attempt has no `ended_at`. */
export const Attempt = z.object({
  attempt: z.int(),
  turn: z.int().optional().describe("The last turn of the attempt. Absent in records of older versions."),
  answered_turn: z.int().optional().describe("The last turn of the attempt whose answer is stored."),
  agent: z.string(),
  started_at: z.string(),
  ended_at: z.string().optional(),
  outcome: z.enum(["completed", "failed", "cancelled", "interrupted", "timeout", "unresponsive"]).optional()
    .describe(
      "interrupted: the server ended before the attempt did, or its turn was ended for a message. unresponsive: the agent gave no sign of life.",
    ),
  error: z.string().optional(),
  failure: Failure.optional(),
  exit_code: z.int().optional(),
  stop_reason: z.string().optional(),
  resumed: z.boolean().optional().describe(
    "Whether the attempt resumed the session of the one before it. Absent in the first, and before there is a session.",
  ),
});
export type Attempt = z.infer<typeof Attempt>;
