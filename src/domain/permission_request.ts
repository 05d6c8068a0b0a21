/** An agent's request for permission. It is kept while it is open, pushed to clients, and shown with its task. */
import * as z from "zod";

export const PermissionOption = z.object({
  option_id: z.string(),
  name: z.string(),
  kind: z.enum(["allow_once", "allow_always", "reject_once", "reject_always"]),
});
export type PermissionOption = z.infer<typeof PermissionOption>;

/** The plain answer to a request; which option it takes depends on what the agent offers. */
export const PermissionDecision = z.enum(["allow", "deny"]);
export type PermissionDecision = z.infer<typeof PermissionDecision>;

/** What a call is known by when an answer to it is remembered. */
export const RememberedCall = z.object({
  agent: z.string().describe("The agent's name in the configuration."),
  kind: z.string().describe("The kind of tool."),
  command: z.string().optional().describe("The very command, if it runs one."),
  paths: z.array(z.string()).optional().describe(
    "Without a command, the very files: relative to the project's or the task's folder if they are inside.",
  ),
});
export type RememberedCall = z.infer<typeof RememberedCall>;

export const PermissionRequest = z.object({
  permission_id: z.string().describe("Unique within the task."),
  title: z.string(),
  tool_call: z.record(z.string(), z.unknown()).describe(
    "What the agent wants to do: the tool's kind and raw input, as the agent reports them.",
  ),
  options: z.array(PermissionOption),
  expires_at: z.string().optional().describe(
    "ISO 8601. The request is denied then unless somebody answers. Absent: it waits without end.",
  ),
  call_hash: z.string().optional().describe("Of a call that is too long to be shown whole."),
  remembers: RememberedCall.optional().describe(
    "What an answer with `remember` would be remembered for. Absent: an answer to it cannot be remembered.",
  ),
});
export type PermissionRequest = z.infer<typeof PermissionRequest>;
