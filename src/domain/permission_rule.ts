/** A rule that answers an agent's permission requests. */
import * as z from "zod";
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

const Glob = text(1, 1000).refine(isGlob, { error: "a valid glob pattern" });

const PermissionRule = z.strictObject({
  agent: text(1, 100).optional(),
  kind: z.enum(TOOL_KINDS).optional(),
  path: Glob.optional(),
  command: Glob.optional(),
  decision: z.enum(["allow", "deny", "ask"]),
});

/** The first rule that matches decides. */
export const PermissionRules = z.array(PermissionRule).max(200);
