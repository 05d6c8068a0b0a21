/** How a running agent is doing. Clients see this besides the task's record. */
import * as z from "zod";

export const RuntimeStatus = z.enum([
  "starting",
  "running",
  "retrying",
  "waiting_for_permission",
  "waiting_for_answer",
  "unresponsive",
  "paused",
  "stopping",
]).describe("retrying: the model does not answer, and the agent asks it again.");
export type RuntimeStatus = z.infer<typeof RuntimeStatus>;
