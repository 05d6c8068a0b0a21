/** Which server a command talks to. */
import type { Network } from "../client/network.ts";
import { ACCESS_CERTIFICATE, ACCESS_FINGERPRINT, ACCESS_TOKEN, ACCESS_URL } from "../domain/agent_access.ts";
import { ApiError } from "../domain/errors.ts";
import { dataDir } from "./data_dir.ts";
import { envValue } from "./home.ts";
import { readAddress } from "./server_address.ts";
import type { Trust } from "./trust.ts";
import { networkWith } from "./trusting_network.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

export interface ServerChoice {
  url?: string;
  /** A data folder. */
  data?: string;
  /** An API key. */
  key?: string;
  /** A PEM file: the authority of the server's certificate. */
  ca?: string;
}

export interface FoundServer {
  url: string;
  /** The given key, else the current token of the data folder's owner. The token changes at each start. */
  api_key(): string | undefined;
  /** Trusts the certificate of the server on the data folder, or the given authority; undefined: what the platform trusts. */
  network: Network | undefined;
}

/**
 * The first of these that is given or found: `--url`, the server on `--data`, OPENCODE_AGENTS_URL, the server that runs
 * the task whose agent started this program, the server on the default data folder, the default address.
 */
export function findServer({ url, data, key, ca }: ServerChoice): FoundServer {
  const given = key || envValue("OPENCODE_AGENTS_KEY");
  const named = url || (data ? undefined : envValue("OPENCODE_AGENTS_URL") ?? envValue(ACCESS_URL));
  if (named) {
    const address = named.includes("://") ? named : `http://${named}`;
    return {
      url: address,
      api_key: () => given ?? taskToken(address),
      network: networkTo(address, () => ({ ...taskTrust(address), ...authority(ca) })),
    };
  }
  const folder = data ?? usualFolder();
  const address = folder === undefined ? undefined : readAddress(folder);
  if (data && !address) {
    throw new ApiError("CONNECTION_LOST", `No server runs on the data folder ${data}`, { data });
  }
  const found = reachable(address?.url ?? DEFAULT_URL);
  const left = () => folder === undefined ? undefined : readAddress(folder);
  return {
    url: found,
    api_key: () => given ?? left()?.token,
    network: networkTo(found, () => {
      const { fingerprint, certificate } = left() ?? {};
      return { fingerprint, certificate, ...authority(ca) };
    }),
  };
}

/** undefined for a server without TLS, and for one that only the platform can trust. */
function networkTo(url: string, trust: () => Trust): Network | undefined {
  const { fingerprint, ca, certificate } = trust();
  const isUsual = fingerprint === undefined && ca === undefined && certificate === undefined;
  if (isUsual || !/^(https|wss):/i.test(url)) return undefined;
  return networkWith(trust);
}

/** What the user names counts instead of the fingerprint. */
function authority(file: string | undefined): Trust {
  if (file === undefined) return {};
  try {
    return { ca: Deno.readTextFileSync(file), fingerprint: undefined };
  } catch (error) {
    throw new ApiError("CONFIGURATION_ERROR", `--ca: '${file}' cannot be read: ${(error as Error).message}`, {
      field: "ca",
      value: file,
    });
  }
}

/** By what the agent of a task knows the server that runs it, and what it shows there. */
function taskTrust(url: string): Trust {
  if (!isOfTask(url)) return {};
  const pem = envValue(ACCESS_CERTIFICATE);
  return {
    fingerprint: envValue(ACCESS_FINGERPRINT),
    certificate: pem === undefined ? undefined : { cert: pem, key: pem },
  };
}

/** The token of the task whose agent started this program, for the server that runs the task. */
function taskToken(url: string): string | undefined {
  return isOfTask(url) ? envValue(ACCESS_TOKEN) : undefined;
}

function isOfTask(url: string): boolean {
  const own = envValue(ACCESS_URL);
  return own !== undefined && url.replace(/\/+$/, "") === own;
}

/** The default data folder; undefined if this account has none. Then a server is still looked for at the default address. */
function usualFolder(): string | undefined {
  try {
    return dataDir();
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** A server that listens on all addresses is reached on loopback. */
export function reachable(url: string): string {
  return url.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]");
}
