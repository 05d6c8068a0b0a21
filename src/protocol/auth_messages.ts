/** API keys, and how a connection presents one. "Authentication and Security" of the API document. */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import { exchange } from "./exchange.ts";
import { KeySpec, Permission } from "../domain/access_key.ts";
import { distinct, text } from "../domain/scalars.ts";

const permissions = distinct(Permission, 1, Permission.options.length);

/** What is shown of a key: never the key itself. */
export const KeyView = z.object({
  id: z.string(),
  ...KeySpec.pick({ name: true, permissions: true }).shape,
  created_at: z.string(),
  created_by: Actor.optional(),
  expires_at: z.string().optional(),
  revoked_at: z.string().optional(),
  revoked_by: Actor.optional(),
});
export type KeyView = z.infer<typeof KeyView>;

export const NewKey = z.strictObject({
  name: text(1, 100),
  permissions: permissions.default(["read", "write"]),
  expires_in_days: z.int().min(1).max(3650).optional(),
});
export type NewKey = z.output<typeof NewKey>;

export const authMessages = {
  authenticate: exchange(
    "authenticate",
    {
      api_key: text(1, 200),
      client_info: z.object({
        name: text(1, 200).optional(),
        version: text(1, 100).optional(),
        user_agent: text(1, 500).optional(),
      }).optional(),
    },
    "authentication_success",
    {
      session_token: z.string().describe("For `Authorization: Bearer …` over HTTP, until it expires."),
      expires_at: z.string(),
      permissions: z.array(Permission),
      timestamp: z.string(),
    },
  ),
  create_key: exchange("create_key", { key: NewKey }, "key_created", {
    key: KeyView,
    api_key: z.string().describe("The key. Only this reply shows it; the server keeps only its digest."),
    timestamp: z.string(),
  }),
  list_keys: exchange("list_keys", {}, "key_list", { keys: z.array(KeyView), timestamp: z.string() }),
  revoke_key: exchange("revoke_key", { key_id: text(1, 100) }, "key_revoked", {
    key_id: z.string(),
    timestamp: z.string(),
  }),
};
