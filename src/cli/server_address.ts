/** A running server leaves its address in its data folder, so that commands find it whatever its port. */
import { join } from "node:path";

const FILE = "server.json";

export async function writeAddress(folder: string, url: string): Promise<void> {
  await Deno.writeTextFile(join(folder, FILE), JSON.stringify({ url, pid: Deno.pid }), { mode: 0o600 });
}

export async function forgetAddress(folder: string): Promise<void> {
  await Deno.remove(join(folder, FILE));
}

/** The address a server left, whether or not it still runs; undefined when there is none. */
export async function readAddress(folder: string): Promise<{ url: string; pid: number } | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(join(folder, FILE)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
