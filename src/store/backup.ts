/** A backup: a checked copy of the store at one moment, in one file. A server may use the store meanwhile. */
import { join } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { copyStore } from "./file_copy.ts";
import { STORE_FILE } from "./open.ts";

export interface BackupOptions {
  /** The data folder. */
  folder: string;
  file: string;
  /** Whether an existing file is replaced. */
  force: boolean;
}

/**
 * Writes the backup to a temporary file and renames it once it is complete and checked. Returns its size in bytes.
 * Throws `ApiError`: `INVALID_FIELD_VALUE` if the file exists, `FILE_NOT_FOUND` if there is no store, and what
 * `copyStore` throws.
 */
export async function backupStore({ folder, file, force }: BackupOptions): Promise<{ bytes: number }> {
  const store = join(folder, STORE_FILE);
  await requireStore(store, folder);
  await refuseExisting(file, force);
  const draft = `${file}.${Deno.pid}.part`;
  await copyStore(store, draft);
  try {
    await refuseExisting(file, force);
    await Deno.rename(draft, file);
  } catch (error) {
    await Deno.remove(draft);
    throw error;
  }
  return { bytes: (await Deno.stat(file)).size };
}

/** Throws `FILE_NOT_FOUND` if the folder contains no store. */
export async function requireStore(store: string, folder: string): Promise<void> {
  if (await exists(store)) return;
  throw new ApiError("FILE_NOT_FOUND", `There is no store in ${folder}; --data names another folder`, {
    file_path: store,
  });
}

/** Throws `INVALID_FIELD_VALUE` if the file exists and may not be replaced. */
export async function refuseExisting(file: string, force: boolean): Promise<void> {
  if (force || !await exists(file)) return;
  throw new ApiError("INVALID_FIELD_VALUE", `${file} is there already; --force replaces it`, {
    field: "file",
    value: file,
  });
}

export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
