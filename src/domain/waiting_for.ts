/** What a task waits for. Every message that shows tasks has this field. */
import * as z from "zod";

const until = z.string().describe("ISO 8601");

/** All kinds of the API, including those that this server does not set, so that clients know them. */
export const WaitingFor = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("dependency"), task_ids: z.array(z.string()) }),
  z.object({ kind: z.literal("time"), until }),
  z.object({ kind: z.literal("slot") }).describe("All slots are taken."),
  z.object({ kind: z.literal("agent_start") }).describe("Too many agents are starting at once."),
  z.object({
    kind: z.literal("provider_limit"),
    agent: z.string(),
    until,
    reason: z.string().describe("In the provider's own words."),
    first: z.string().optional().describe("The task that goes first, to see whether the limit is over."),
  }),
  z.object({ kind: z.literal("budget"), until: until.optional() }).describe(
    "Without `until`, of the task itself: `resume_task` raises it. Else of a day.",
  ),
  z.object({
    kind: z.literal("concurrency"),
    by: z.string().describe(
      "What the tasks share. project: the configured project. working_dir: the repository or folder that they work in.",
    ),
    task_ids: z.array(z.string()).optional().describe("The running tasks that have it."),
  }).describe("Other tasks pass this one until the running ones have ended."),
  z.object({ kind: z.literal("retry"), until }),
  z.object({ kind: z.literal("permission"), permission_id: z.string(), until: until.optional() }),
  z.object({ kind: z.literal("question"), question_id: z.string(), until: until.optional() }),
  z.object({ kind: z.literal("node"), node: z.string().optional() }),
  z.object({
    kind: z.literal("disk"),
    until: until.optional().describe("ISO 8601: when it is tried again."),
    reason: z.string().optional().describe("What could not be written."),
  }),
  z.object({ kind: z.literal("approval"), message: z.string().optional() }),
  z.object({ kind: z.literal("paused") }),
]);
export type WaitingFor = z.infer<typeof WaitingFor>;
export type WaitingKind = WaitingFor["kind"];

export const WaitingKind = z.enum(WaitingFor.options.map(({ shape }) => shape.kind.value));
