/** The addresses of remote repositories, and their secrets. Pure. */
import type { ForgeKind } from "./pull_request.ts";

/** A repository at a forge. `path`: OWNER/NAME, or with more groups before it. */
export interface RemotePlace {
  host: string;
  path: string;
}

const URL_FORM = /^(?:https?|ssh|git|git\+ssh):\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:]+)(?::\d+)?\/(.+)$/i;
/** `git@host:owner/name`. A letter alone is a drive of Windows. */
const SCP_FORM = /^(?:[^/@:]+@)?([^/@:]{2,}):(?!\/\/)(.+)$/;

/** Other names under which a forge's host serves git. */
const ALIASES: readonly [RegExp, string][] = [
  [/^ssh\.github\.com$|^github\.com-/, "github.com"],
  [/^altssh\.gitlab\.com$|^gitlab\.com-/, "gitlab.com"],
];

/** Where the address leads; undefined for a path on this machine and the like. */
export function remotePlace(url: string): RemotePlace | undefined {
  const found = URL_FORM.exec(url) ?? (url.includes("://") ? null : SCP_FORM.exec(url));
  if (!found) return undefined;
  const given = found[1]!.toLowerCase();
  const host = ALIASES.find(([alias]) => alias.test(given))?.[1] ?? given;
  const path = found[2]!.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  return /^[\w.~-]+(\/[\w.~-]+)+$/.test(path) && !/(^|\/)[-.]/.test(path) ? { host, path } : undefined;
}

/** The forge at a host, by its name. */
export function forgeOf(host: string): ForgeKind | undefined {
  if (/(^|\.)github\.|\.ghe\.com$|(^|\.)github$/.test(host)) return "github";
  if (/(^|\.)gitlab\.|(^|\.)gitlab$/.test(host)) return "gitlab";
}

/** Up to the last `@`: a password may have one. */
const USER_PART = /([a-z][a-z0-9+.-]*:\/\/)([^/\s'"]+)@/gi;

/** The text without passwords and tokens: those of the addresses in it, and `secrets` wherever they are. */
export function masked(text: string, secrets: readonly string[] = []): string {
  let safe = text.replace(
    USER_PART,
    (whole, scheme: string, user: string) =>
      /^ssh|^git\+ssh/i.test(scheme) && !user.includes(":") ? whole : `${scheme}***@`,
  );
  for (const secret of secrets) if (secret.length >= 4) safe = safe.replaceAll(secret, "***");
  return safe;
}

/** The password in an address, as it is and decoded; without one, the user's name: it may be a token. */
export function secretsIn(url: string): string[] {
  const user = /^https?:\/\/([^/]+)@/i.exec(url)?.[1];
  if (user === undefined) return [];
  const at = user.indexOf(":");
  const secret = at < 0 ? user : user.slice(at + 1);
  return secret === "git" ? [] : [...new Set([secret, decoded(secret)])];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
