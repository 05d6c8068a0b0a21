/** What there is in a folder, without following links. */

import { join } from "node:path";

/** Whether anything is there, even a link that leads nowhere. */
export async function exists(path: string): Promise<boolean> {
  return await factsOf(path) !== undefined;
}

/** Undefined if nothing is there. */
export async function factsOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    // A file in the way is no folder to look into.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** As `factsOf`, of what is in a folder. What a link on the way leads to is not in it. */
export async function factsIn(root: string, path: string): Promise<Deno.FileInfo | undefined> {
  const parts = path.split("/");
  for (let n = 1; n < parts.length; n++) {
    const facts = await factsOf(join(root, ...parts.slice(0, n)));
    if (!facts?.isDirectory) return undefined;
  }
  return await factsOf(join(root, path));
}

/** The first line of a small file; undefined if there is none. */
export async function firstLine(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(path)).split("\n", 1)[0]!.trimEnd();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
