/** Which server a command speaks to. */
import { ApiError } from "../protocol/errors.ts";
import { dataDir } from "./data_dir.ts";
import { readAddress } from "./server_address.ts";

export const DEFAULT_URL = "http://127.0.0.1:8080";

export interface ServerChoice {
  url?: string;
  /** A data folder. */
  data?: string;
}

/** `--url`, else the server on `--data`, else OPENCODE_AGENTS_URL, else the server on the usual data folder, else the default. */
export async function serverUrl({ url, data }: ServerChoice): Promise<string> {
  const named = url || (data ? undefined : Deno.env.get("OPENCODE_AGENTS_URL"));
  if (named) return named.includes("://") ? named : `http://${named}`;
  const address = await readAddress(data ?? dataDir());
  if (data && !address) {
    throw new ApiError("CONNECTION_LOST", `No server runs on the data folder ${data}`, { data });
  }
  return reachable(address?.url ?? DEFAULT_URL);
}

/** A server that listens everywhere is reached on this machine's own address. */
function reachable(url: string): string {
  return url.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]");
}
