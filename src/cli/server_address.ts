/** How the commands find the server: it leaves its address in the data folder while it runs. */
import { join } from "node:path";

const ADDRESS_FILE = "server.json";

export interface ServerAddress {
  url: string;
  pid: number;
  /** Opens everything to whoever can read it: the folder's owner. */
  token?: string;
}

/** Leaves the address where the commands look for it, readable by the owner alone. */
export async function writeAddress(folder: string, address: { url: string; token: string }): Promise<void> {
  const path = join(folder, ADDRESS_FILE);
  const temporary = `${path}.${Deno.pid}`;
  // Renamed into place, so that no reader sees half a file.
  await Deno.writeTextFile(temporary, JSON.stringify({ ...address, pid: Deno.pid }) + "\n", { mode: 0o600 });
  await Deno.rename(temporary, path);
}

/** Takes the address away again, if it is still this process's. */
export async function forgetAddress(folder: string): Promise<void> {
  const address = readAddress(folder);
  if (address?.pid !== Deno.pid) return;
  try {
    await Deno.remove(join(folder, ADDRESS_FILE));
  } catch (error) {
    // Gone already is as good.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The address left in a data folder; undefined when there is none, or none that can be read. */
export function readAddress(folder: string): ServerAddress | undefined {
  try {
    const { url, pid, token } = JSON.parse(Deno.readTextFileSync(join(folder, ADDRESS_FILE)));
    return typeof url === "string" && Number.isInteger(pid) ? { url, pid, token } : undefined;
  } catch {
    // No folder, no file, no permission, no JSON: in each case nobody left an address for us.
    return undefined;
  }
}
