/** The tenants of a server, and what they use of it. */
import * as z from "zod";
import { TenantQuota } from "../domain/tenant.ts";
import { exchange } from "./exchange.ts";

export const TenantView = z.object({
  name: z.string(),
  quota: TenantQuota,
  running: z.int().describe("How many of its tasks are at work."),
  unfinished: z.int(),
  tasks: z.int(),
  keys: z.int().describe("How many keys it has that are valid."),
  cost_usd_today: z.number().describe("On the day of `tasks.timezone`."),
});
export type TenantView = z.infer<typeof TenantView>;

export const tenantMessages = {
  list_tenants: exchange("list_tenants", {}, "tenant_list", {
    tenants: z.array(TenantView),
    timestamp: z.string(),
  }),
};
