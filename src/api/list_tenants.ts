import { isoTime } from "../clock/clock.ts";
import { DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { isFinished } from "../domain/task_values.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import type { TenantView } from "../protocol/tenant_messages.ts";
import { type ApiContext, capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const listTenants = capability({
  type: "list_tenants",
  doc:
    "Lists the tenants, `default` first, with their quotas and what they use. Only the owner and keys of the tenant `*` may ask.",
  permission: "admin",
  errors: [],
  example: { type: "list_tenants" },
  touches: () => EVERY_TASK,
  handle: async (_request, context) => {
    const { tenancy, clock } = context;
    const names = [DEFAULT_TENANT, ...Object.keys(tenancy.tenants).filter((name) => name !== DEFAULT_TENANT)];
    const tenants: TenantView[] = [];
    for (const name of names) tenants.push(await viewOf(name, context));
    return { tenants, timestamp: isoTime(clock.now()) };
  },
});

async function viewOf(
  name: string,
  { tenancy, queries, usage, keys, clock }: ApiContext,
): Promise<TenantView> {
  const tasks = queries.all(({ id }) => tenantOf(id) === name);
  const now = isoTime(clock.now());
  // From today on.
  const { totals } = await usage.report({ start: now, sees: ({ tenant }) => tenant === name });
  const isValid = ({ revoked_at, expires_at }: { revoked_at?: string; expires_at?: string }) =>
    revoked_at === undefined && (expires_at === undefined || expires_at > now);
  return {
    name,
    quota: tenancy.quotaOf(name),
    running: tasks.filter(({ status }) => status === "running").length,
    unfinished: tasks.filter(({ status }) => !isFinished(status)).length,
    tasks: tasks.length,
    keys: keys.list(name).filter(isValid).length,
    cost_usd_today: totals.cost_usd,
  };
}
