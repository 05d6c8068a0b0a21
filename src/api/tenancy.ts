/** Whose tasks a message is about, and who may say so. */
import type { Identity } from "../access/identity.ts";
import { ALL_TENANTS, DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { isTenant, type TenantQuota, type Tenants } from "../domain/tenant.ts";
import { withInnerIds, withOuterIds } from "./tenant_ids.ts";

/** Whether the identity is of no tenant alone: the owner, keys of tenant `*`, and everybody where no key is needed. */
export function isOfAllTenants({ actor }: Identity): boolean {
  return actor.kind === "owner" || actor.kind === "anonymous" || actor.tenant === ALL_TENANTS;
}

export class Tenancy {
  readonly tenants: Tenants;
  /** Whether there are tenants at all. Without any, nothing is translated or left out. */
  readonly isOn: boolean;

  constructor(tenants: Tenants) {
    this.tenants = tenants;
    this.isOn = Object.keys(tenants).length > 0;
  }

  /**
   * The tenant that a message is about: the one that it names, else `own`. Throws `PERMISSION_DENIED` if it is not
   * the caller's, `INVALID_FIELD_VALUE` if there is none of that name.
   */
  of({ tenant: named }: Record<string, unknown>, identity: Identity, own = this.ownOf(identity)): string {
    const isWide = isOfAllTenants(identity);
    if (named === undefined || named === own) return own;
    if (typeof named !== "string") {
      throw fieldProblem(
        "INVALID_FIELD_TYPE",
        "tenant",
        named,
        "string",
        "Field 'tenant' must be of type string",
      );
    }
    if (!isWide) {
      throw new ApiError("PERMISSION_DENIED", `This key is of the tenant '${own}'`, {
        field: "tenant",
        tenant: own,
      });
    }
    this.require("tenant", named);
    return named;
  }

  /** Throws `INVALID_FIELD_VALUE` unless there is a tenant of this name, or it means all. */
  require(field: string, name: string): void {
    if (name === ALL_TENANTS || isTenant(name, this.tenants)) return;
    const expected = [ALL_TENANTS, DEFAULT_TENANT, ...Object.keys(this.tenants)];
    throw fieldProblem("INVALID_FIELD_VALUE", field, name, expected, `There is no tenant '${name}'`);
  }

  /** The tenant that its messages are about if they name none. */
  ownOf(identity: Identity): string {
    return isOfAllTenants(identity) ? DEFAULT_TENANT : identity.actor.tenant;
  }

  quotaOf(tenant: string): TenantQuota {
    return Object.hasOwn(this.tenants, tenant) ? this.tenants[tenant]! : {};
  }

  /** The request with the server's own ids. */
  inside<T extends object>(type: string, request: T, tenant: string): T {
    return this.isOn ? withInnerIds(type, request, tenant) : request;
  }

  /** A message as it is shown to those of the tenant. */
  outside<T extends object>(message: T, tenant: string): T {
    return this.isOn ? withOuterIds(message, tenant, this.tenants) : message;
  }
}
