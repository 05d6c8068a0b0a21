/** What a repository's address tells the programs of all forges, and who they are there. */
import type { ForgePlace } from "../domain/forge.ts";

/** Undefined where the program finds the repository out by itself. */
function hostOf({ repository }: ForgePlace): string | undefined {
  return repository?.split("/")[0];
}

/** As arguments. */
export function hostname(place: ForgePlace): string[] {
  const host = hostOf(place);
  return host === undefined ? [] : ["--hostname", host];
}

/** The repository's path at its host. */
export function pathAtHost({ repository }: ForgePlace): string | undefined {
  return repository?.split("/").slice(1).join("/");
}

type OwnName = (place: ForgePlace, signal: AbortSignal) => Promise<string | undefined>;

/** The name of the account whose comments are the program's own. `ask` is asked once for each host that says it. */
export function ownNames(ask: (place: ForgePlace, signal: AbortSignal) => Promise<string>): OwnName {
  const names = new Map<string, string>();
  return async (place, signal) => {
    const host = hostOf(place) ?? "";
    const known = names.get(host);
    if (known !== undefined) return known;
    const name = await ask(place, signal);
    if (name !== "") names.set(host, name);
    return name || undefined;
  };
}
