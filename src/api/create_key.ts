import { isoTime } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { ALL_TENANTS, DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { ApiError } from "../domain/errors.ts";
import { isOfAllTenants } from "./tenancy.ts";
import { capability } from "./capability.ts";

export const createKey = capability({
  type: "create_key",
  doc: "Creates an API key. Only this reply shows it.",
  permission: "admin",
  errors: ["SERVER_OVERLOAD"],
  example: { type: "create_key", key: { name: "dashboard", permissions: ["read"], expires_in_days: 90 } },
  handle: async ({ key }, { keys, clock, scopeOf, tenancy }, { actor, identity }) => {
    const { tenant = ownTenant(actor) } = key;
    const only = scopeOf(identity)?.tenant;
    if (only !== undefined && tenant !== only && !isOfAllTenants(identity)) {
      throw new ApiError("PERMISSION_DENIED", `This key makes keys of the tenant '${only}' alone`, {
        field: "key.tenant",
        value: tenant,
        expected: only,
      });
    }
    tenancy.require("key.tenant", tenant);
    return { ...await keys.create({ ...key, tenant }, actor), timestamp: isoTime(clock.now()) };
  },
});

/** A key for all tenants is made only by saying so. */
function ownTenant({ tenant }: Actor): string {
  return tenant === ALL_TENANTS ? DEFAULT_TENANT : tenant;
}
