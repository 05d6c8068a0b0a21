/** The variables of the server's environment that every agent gets. Pure. */

/** `TMPDIR` is one of them too, but each run has its own. */
const BASIC = ["PATH", "HOME", "LANG", "TZ", "TERM"];
const LOCALE = /^LC_/;

/** The proxies of this network, without which an agent does not reach its model. Programs read either spelling. */
const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"];

/** Files and folders of certificates that this network's servers and proxies are known by. */
const CERTIFICATES = [
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "DENO_CERT",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "PIP_CERT",
  "AWS_CA_BUNDLE",
  "CARGO_HTTP_CAINFO",
  "NIX_SSL_CERT_FILE",
];

/** What makes programs use them. */
const SWITCHES = ["NODE_USE_ENV_PROXY", "NODE_USE_SYSTEM_CA", "DENO_TLS_CA_STORE"];

const spellings = (name: string) => [name, name.toLowerCase()];

const PROXY_NAMES = new Set(PROXIES.flatMap(spellings));
const CERTIFICATE_NAMES = new Set(CERTIFICATES);
const OTHERS = new Set([...BASIC, ...SWITCHES]);

/**
 * The names of the variables in `env` that every agent gets: the basic ones, the locale, proxies and certificates. `own`:
 * what is set for the agent itself. A proxy in it, in either spelling, is not joined by that of the server in the other:
 * many programs prefer one of them.
 */
export function commonVariables(env: Record<string, string>, own: Record<string, string> = {}): string[] {
  const replaced = new Set(
    PROXIES.map(spellings).filter((names) => names.some((name) => name in own)).flat(),
  );
  const isCommon = (name: string) =>
    OTHERS.has(name) || LOCALE.test(name) || PROXY_NAMES.has(name) || CERTIFICATE_NAMES.has(name);
  return Object.keys(env).filter((name) => isCommon(name) && !replaced.has(name));
}

/** Those of the named variables that `env` has. */
export function pickVariables(
  env: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** The variables that keep a program with these from asking a proxy for the host of `url`; none without a proxy. */
export function unproxied(env: Record<string, string>, url: string | undefined): Record<string, string> {
  const isProxied = PROXIES.some((name) => name !== "NO_PROXY" && spellings(name).some((one) => env[one]));
  if (!isProxied || url === undefined) return {};
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  // Programs read one spelling or the other first.
  return Object.fromEntries(
    spellings("NO_PROXY").map((name, i, names) => {
      const list = env[name] ?? env[names[1 - i]!] ?? "";
      const isListed = list.split(/[\s,]+/).some((one) => one === host || one === "*");
      return [name, isListed ? list : [list, host].filter((part) => part !== "").join(",")];
    }),
  );
}

/** The names of those that the network needs. `paths`: those whose value is the path of a file or a folder. */
export function networkVariables(env: Record<string, string>): { proxies: string[]; paths: string[] } {
  const names = Object.keys(env).filter((name) => env[name] !== "").sort();
  return {
    proxies: names.filter((name) => PROXY_NAMES.has(name)),
    paths: names.filter((name) => CERTIFICATE_NAMES.has(name)),
  };
}
