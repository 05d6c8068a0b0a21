/** Which requests are refused by their `Host` and `Origin` headers. Pure. */

export interface GuardRules {
  /** The host name or address listened on, and the port. */
  host: string;
  port: number;
  allowed_origins: readonly string[];
  allowed_hosts: readonly string[];
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Why a delivery to a hook is refused. Its sender may reach the server by any name, such as a tunnel's: the signature says
 * who it is. No sender is a web page.
 */
export function hookRefusal({ allowed_origins }: GuardRules, origin: string | null): string | undefined {
  return origin === null || allowed_origins.includes(origin) ? undefined : refusedOrigin(origin);
}

/** Why the request is refused (with 403), or undefined. */
export function refusal(rules: GuardRules, host: string | null, origin: string | null): string | undefined {
  if (!isOwnHost(rules, host)) {
    return `Host '${
      host ?? ""
    }' is not one of this server's names. Add it to server.allowed_hosts if it should be.`;
  }
  if (origin !== null && !isAllowedOrigin(rules, host!, origin)) {
    return refusedOrigin(origin);
  }
  return undefined;
}

function refusedOrigin(origin: string): string {
  return `Origin '${origin}' may not use this API. Add it to server.allowed_origins if it should.`;
}

/**
 * Whether the request names this server. A page whose DNS name was rebound to our address still sends its own name as
 * `Host`. The port is not compared, because a forwarded port (ssh -L) differs.
 */
function isOwnHost(rules: GuardRules, host: string | null): boolean {
  if (host === null) return false;
  const { name, port } = splitHost(host);
  // A server that listens on all addresses does not know them, but a literal address cannot be rebound.
  if (isWildcard(rules.host) && isAddress(name)) return true;
  return ownNames(rules).includes(name) || rules.allowed_hosts.some((allowed) => {
    const expected = splitHost(allowed);
    return expected.name === name && (expected.port === undefined || expected.port === (port ?? rules.port));
  });
}

function isAllowedOrigin(rules: GuardRules, host: string, origin: string): boolean {
  return rules.allowed_origins.includes(origin) || isOwnPage(rules, host, origin);
}

/** Whether the request comes from a page of this server: such a page has its own name and port as origin. */
export function isOwnPage(rules: GuardRules, host: string | null, origin: string | null): boolean {
  if (host === null || origin === null) return false;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    // "null" and other opaque origins are not URLs, and never this server's own.
    return false;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  if (url.host === host.toLowerCase()) return true;
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return port === rules.port && ownNames(rules).includes(url.hostname);
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "[::]";
}

function isAddress(name: string): boolean {
  return name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

/** The address listened on, and the names of the loopback address. */
function ownNames(rules: GuardRules): string[] {
  const host = rules.host.includes(":") && !rules.host.startsWith("[") ? `[${rules.host}]` : rules.host;
  return [host.toLowerCase(), ...LOOPBACK];
}

function splitHost(host: string): { name: string; port?: number } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host.toLowerCase());
  if (!match) return { name: host.toLowerCase() };
  return { name: match[1]!, port: match[2] === undefined ? undefined : Number(match[2]) };
}
