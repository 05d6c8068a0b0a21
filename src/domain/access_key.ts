/** An API key as it is stored. The key itself is never stored. */
import * as z from "zod";
import { Actor } from "./actor.ts";

/** `read`: look. `write`: start, change and end tasks. `admin`: manage keys, limits and security. */
export const Permission = z.enum(["read", "write", "admin"]);
export type Permission = z.infer<typeof Permission>;

export const KeySpec = z.object({
  name: z.string(),
  digest: z.string().describe(
    "SHA-256 of the key in hex. A key has 190 random bits, so no slower hash is needed.",
  ),
  permissions: z.array(Permission),
  created_ms: z.number().describe("Milliseconds since the epoch."),
  created_by: Actor.optional(),
  expires_ms: z.number().optional(),
  projects: z.array(z.string()).optional().describe("The only projects whose tasks it sees and starts."),
  tenant: z.string().optional(),
});
export type KeySpec = z.infer<typeof KeySpec>;

export const KeyState = z.object({
  revoked_ms: z.number().optional(),
  revoked_by: Actor.optional(),
  rotated_ms: z.number().optional().describe("When it last got another key under the same id."),
  rotated_by: Actor.optional(),
  last_used_ms: z.number().optional(),
  last_used_from: z.string().optional().describe("The address that used it last."),
});
export type KeyState = z.infer<typeof KeyState>;
