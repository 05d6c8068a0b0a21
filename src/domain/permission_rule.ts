/** A rule that answers an agent's permission requests. */
import * as z from "zod";
import { hasTooManyChoices } from "./command_glob.ts";
import { isGlob, text } from "./scalars.ts";

/** The kinds of tools in the Agent Client Protocol. */
const TOOL_KINDS = [
  "read",
  "edit",
  "delete",
  "move",
  "search",
  "execute",
  "think",
  "fetch",
  "switch_mode",
  "other",
] as const;

const PermissionRule = z.strictObject({
  agent: text(1, 100).optional().describe("The agent's name in the configuration."),
  kind: z.enum(TOOL_KINDS).optional().describe("The kind of tool, as the Agent Client Protocol has it."),
  path: text(1, 1000).refine(isGlob, { error: "a valid glob pattern" }).optional().describe(
    "A glob of files, absolute or relative to the task's project or folder.",
  ),
  command: text(1, 1000).refine((glob) => !hasTooManyChoices(glob), { error: "at most 100 choices" })
    .optional().describe("A glob of commands, in which `*` matches anything."),
  decision: z.enum(["allow", "deny", "ask"]).describe("What becomes of a request that the rule matches."),
});
export type PermissionRule = z.infer<typeof PermissionRule>;

export const MOST_RULES = 200;

/** The first rule that matches decides. */
export const PermissionRules = z.array(PermissionRule).max(MOST_RULES);
