/** What a data folder is called among the servers of a common store: the id stays the same for as long as the folder does. */
import { join } from "node:path";
import * as z from "zod";
import { ApiError } from "../domain/errors.ts";
import { folderError } from "./data_folder.ts";

const PLACE_FILE = "node-id";

/**
 * The id of the folder, whose lock this server holds. A new folder gets one. Throws `ApiError` if it cannot be read or
 * written.
 */
export async function placeOf(folder: string): Promise<string> {
  const path = join(folder, PLACE_FILE);
  try {
    const found = z.uuid().safeParse((await textOf(path))?.trim());
    if (found.success) return found.data;
    const place = crypto.randomUUID();
    await Deno.writeTextFile(`${path}.new`, place, { mode: 0o600 });
    await Deno.rename(`${path}.new`, path);
    return place;
  } catch (error) {
    throw error instanceof ApiError ? error : folderError(folder, error);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
