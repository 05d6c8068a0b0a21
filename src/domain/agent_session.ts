/** A session that an agent keeps: one of a task, or one that a person began in the agent's own program. */
import * as z from "zod";

export const AgentSession = z.object({
  session_id: z.string(),
  working_dir: z.string(),
  title: z.string().optional(),
  updated_at: z.string().optional().describe("ISO 8601."),
});
export type AgentSession = z.infer<typeof AgentSession>;

/** The session in which a task's agent works, or has worked. */
export const TaskSession = z.object({
  agent: z.string(),
  session_id: z.string(),
  working_dir: z.string(),
  command: z.string().optional().describe(
    "The command by which a person goes on with it in that folder, in the agent's own program.",
  ),
});
export type TaskSession = z.infer<typeof TaskSession>;
