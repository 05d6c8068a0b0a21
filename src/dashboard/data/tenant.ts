/** The tenant whose tasks this tab shows, for those who see several. */

const TENANT = "opencode-agents.tenant";
const DEFAULT = "default";

/** Undefined: the one that the key is of, or the default one. */
export function chosenTenant(): string | undefined {
  return sessionStorage.getItem(TENANT) ?? undefined;
}

export function isShown(name: string): boolean {
  return name === (chosenTenant() ?? DEFAULT);
}

/** Reloads the page with the tasks of this tenant. */
export function showTenant(name: string): void {
  forgetTenant();
  if (name !== DEFAULT) sessionStorage.setItem(TENANT, name);
  location.hash = "#/tasks";
  location.reload();
}

/** Another key may be of another tenant. */
export function forgetTenant(): void {
  sessionStorage.removeItem(TENANT);
}
