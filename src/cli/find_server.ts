/** Which server a command talks to. */
import { ACCESS_TOKEN, ACCESS_URL } from "../domain/agent_access.ts";
import { ApiError } from "../domain/errors.ts";
import { dataDir } from "./data_dir.ts";
import { envValue } from "./home.ts";
import { readAddress } from "./server_address.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

export interface ServerChoice {
  url?: string;
  /** A data folder. */
  data?: string;
  /** An API key. */
  key?: string;
}

export interface FoundServer {
  url: string;
  /** The given key, else the current token of the data folder's owner. The token changes at each start. */
  api_key(): string | undefined;
}

/**
 * The first of these that is given or found: `--url`, the server on `--data`, OPENCODE_AGENTS_URL, the server that runs
 * the task whose agent started this program, the server on the default data folder, the default address.
 */
export function findServer({ url, data, key }: ServerChoice): FoundServer {
  const given = key || envValue("OPENCODE_AGENTS_KEY");
  const named = url || (data ? undefined : envValue("OPENCODE_AGENTS_URL") ?? envValue(ACCESS_URL));
  if (named) {
    const address = named.includes("://") ? named : `http://${named}`;
    return { url: address, api_key: () => given ?? taskToken(address) };
  }
  const folder = data ?? usualFolder();
  const address = folder === undefined ? undefined : readAddress(folder);
  if (data && !address) {
    throw new ApiError("CONNECTION_LOST", `No server runs on the data folder ${data}`, { data });
  }
  return {
    url: reachable(address?.url ?? DEFAULT_URL),
    api_key: () => given ?? (folder === undefined ? undefined : readAddress(folder)?.token),
  };
}

/** The token of the task whose agent started this program, for the server that runs the task. */
function taskToken(url: string): string | undefined {
  const own = envValue(ACCESS_URL);
  return own !== undefined && url.replace(/\/+$/, "") === own ? envValue(ACCESS_TOKEN) : undefined;
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
