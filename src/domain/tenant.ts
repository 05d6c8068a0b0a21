/** Tenants: groups that share a server and know nothing of each other, and what each may use. */
import * as z from "zod";
import { DEFAULT_TENANT } from "./tenant_id.ts";
import { text } from "./scalars.ts";

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

/** Whether the server has this tenant. `default` is always there. */
export function isTenant(name: string, tenants: Tenants): boolean {
  return name === DEFAULT_TENANT || Object.hasOwn(tenants, name);
}
