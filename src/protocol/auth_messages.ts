/** API keys, and how a connection presents one. "Authentication and Security" of the API document. */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import { ALL_TENANTS } from "../domain/tenant_id.ts";
import { exchange } from "./exchange.ts";
import { KeySpec, Permission } from "../domain/access_key.ts";
import { ProjectName } from "../domain/project.ts";
import { distinct, text } from "../domain/scalars.ts";
import { TenantName } from "../domain/tenant.ts";

const permissions = distinct(Permission, 1, Permission.options.length);

/** What is shown of a key: never the key itself. */
export const KeyView = z.object({
  id: z.string(),
  ...KeySpec.pick({ name: true, permissions: true, projects: true }).shape,
  tenant: z.string(),
  created_at: z.string(),
  created_by: Actor.optional(),
  expires_at: z.string().optional(),
  last_used_at: z.string().optional(),
  last_used_from: z.string().optional().describe("The address that used it last."),
  rotated_at: z.string().optional(),
  rotated_by: Actor.optional(),
  revoked_at: z.string().optional(),
  revoked_by: Actor.optional(),
});
export type KeyView = z.infer<typeof KeyView>;

/** Characters. Tokens go into headers, which servers bound to 8 or 16 KiB. */
const JWT_MAX = 8000;

export const KEY_DAYS = 365;
const PROJECTS_MAX = 100;

export const NewKey = z.strictObject({
  name: text(1, 100),
  permissions: permissions.default(["read", "write"]),
  expires_in_days: z.int().min(1).max(3650).default(KEY_DAYS),
  projects: distinct(ProjectName, 1, PROJECTS_MAX).optional().describe(
    "The only projects whose tasks the key sees and starts. A key with `admin` sees all, so it takes none.",
  ),
  tenant: z.union([TenantName, z.literal(ALL_TENANTS)]).optional().describe(
    "The tenant whose tasks it sees and starts; `*` for all. Default: that of who makes it.",
  ),
});
export type NewKey = z.output<typeof NewKey>;

/** A session as it is shown: never its token. */
export const SessionView = z.object({
  session_id: z.string(),
  key_id: z.string().optional(),
  actor: Actor,
  ip: z.string(),
  started_at: z.string(),
  last_seen_at: z.string(),
  expires_at: z.string(),
  is_current: z.boolean().describe("Whether it is the session that asks."),
});
export type SessionView = z.infer<typeof SessionView>;

export const authMessages = {
  authenticate: exchange(
    "authenticate",
    {
      api_key: text(1, 200).optional().describe("An API key or a session's token."),
      token: text(1, JWT_MAX).optional().describe(
        "A token of the identity provider of `security.jwt`, or any of the others.",
      ),
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
  logout: exchange("logout", {}, "logged_out", {
    session_id: z.string().optional().describe(
      "Absent if the request showed a key itself, which has no session.",
    ),
    timestamp: z.string(),
  }),
  list_sessions: exchange("list_sessions", {}, "session_list", {
    sessions: z.array(SessionView),
    timestamp: z.string(),
  }),
  end_session: exchange("end_session", { session_id: text(1, 100) }, "session_ended", {
    session_id: z.string(),
    timestamp: z.string(),
  }),
  rotate_key: exchange("rotate_key", { key_id: text(1, 100) }, "key_rotated", {
    key_id: z.string(),
    key: KeyView,
    api_key: z.string().describe("The new key. Only this reply shows it; the server keeps only its digest."),
    timestamp: z.string(),
  }),
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
