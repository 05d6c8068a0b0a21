/**
 * Tenants: groups that share a server and know nothing of each other. The id of a task or schedule belongs to its tenant: inside the
 * server, the tenant's name goes before it. So records, logs, worktrees and branches of two tenants never meet.
 */
import * as z from "zod";
import { ALL_TENANTS, DEFAULT_TENANT } from "./actor.ts";
import { text } from "./scalars.ts";

/** Ids from outside cannot contain it. */
const BETWEEN = "+";

export const TenantName = z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/, {
  error: "1 to 40 letters, digits, '_' or '-', and no '*'",
});

/** What a tenant may use of the server. */
export const TenantQuota = z.strictObject({
  max_concurrent: z.int().min(1).max(1000).optional().describe("How many of its tasks run at once."),
  max_tasks: z.int().min(1).optional().describe("How many unfinished tasks it may have."),
  tasks_per_minute: z.int().min(1).optional().describe("How many tasks it may start within a minute."),
  budget_usd_per_day: z.number().positive().optional().describe("What its tasks may cost in a day."),
  allowed_dirs: z.array(text(1, 4096)).min(1).optional().describe(
    "The only folders, with those below, in which its tasks work.",
  ),
  agents: z.array(text(1, 100)).min(1).optional().describe("The only agents that its tasks may name."),
  projects: z.array(text(1, 100)).min(1).optional().describe("The only projects that it sees."),
});
export type TenantQuota = z.infer<typeof TenantQuota>;
export type Tenants = Readonly<Record<string, TenantQuota>>;

/** The id inside the server of what a tenant calls `id`. */
export function internalId(tenant: string, id: string): string {
  return tenant === DEFAULT_TENANT ? id : `${tenant}${BETWEEN}${id}`;
}

/** Whose the task or schedule with this id is. */
export function tenantOf(id: string): string {
  const end = id.indexOf(BETWEEN);
  return end < 0 ? DEFAULT_TENANT : id.slice(0, end);
}

/** What the tenant calls it. */
export function outerId(id: string): string {
  return id.slice(id.indexOf(BETWEEN) + 1);
}

/** Whether the server has this tenant. `default` is always there. */
export function isTenant(name: string, tenants: Tenants): boolean {
  return name === DEFAULT_TENANT || Object.hasOwn(tenants, name);
}

/** Whether a key may be of it: of one tenant, or of all. */
export function isKeyTenant(name: string, tenants: Tenants): boolean {
  return name === ALL_TENANTS || isTenant(name, tenants);
}
