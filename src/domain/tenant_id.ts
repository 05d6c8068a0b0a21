/**
 * The id of a task or schedule belongs to its tenant: inside the server, the tenant's name goes before it. So records, logs,
 * worktrees and branches of two tenants never meet.
 */

/** Whose everything is, where there are no tenants. */
export const DEFAULT_TENANT = "default";

/** The tenant of keys that are for all of them. */
export const ALL_TENANTS = "*";

/** Ids from outside cannot contain it. */
const BETWEEN = "+";

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
