/** An API key as it is kept: never the key itself. */
import { z } from "zod";
import { Actor } from "./actor.ts";

/** What a key may do: look; start, change and end; see to keys, limits and security. */
export const Permission = z.enum(["read", "write", "admin"]);
export type Permission = z.infer<typeof Permission>;

export const KeySpec = z.object({
  name: z.string(),
  digest: z.string().describe(
    "SHA-256 of the key in hex: a key has 190 bits of chance, so nothing slower is needed.",
  ),
  permissions: z.array(Permission),
  created_ms: z.number().describe("Milliseconds since the epoch."),
  created_by: Actor.optional(),
  expires_ms: z.number().optional(),
});
export type KeySpec = z.infer<typeof KeySpec>;

export const KeyState = z.object({ revoked_ms: z.number().optional(), revoked_by: Actor.optional() });
export type KeyState = z.infer<typeof KeyState>;
