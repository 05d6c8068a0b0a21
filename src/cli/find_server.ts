/** Which server a command speaks to. */
import { dataDir } from "./data_dir.ts";
import { readAddress } from "./server_address.ts";

export const DEFAULT_URL = "http://127.0.0.1:8080";

/** `--url`, else OPENCODE_AGENTS_URL, else the address a server left in the data folder, else the default. */
export async function serverUrl(given: string | undefined): Promise<string> {
  const named = given || Deno.env.get("OPENCODE_AGENTS_URL");
  if (named) return named.includes("://") ? named : `http://${named}`;
  return (await readAddress(dataDir()))?.url ?? DEFAULT_URL;
}
