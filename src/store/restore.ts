/** A backup in the place of the store. */
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { exists } from "./backup.ts";
import { copyStore } from "./file_copy.ts";
import { type Replacement, replaceStore } from "./replace.ts";

export interface RestoreOptions {
  /** The data folder, whose server must be stopped. */
  folder: string;
  file: string;
  clock: Clock;
}

/**
 * Puts a copy of the backup in the place of the folder's store, which is kept under another name. Throws `ApiError`:
 * `FILE_NOT_FOUND`, `DATABASE_ERROR` for a file that is damaged or no backup of ours, `CONFIGURATION_ERROR` for one of a
 * newer program or when a server has the folder; the store is then as it was.
 */
export async function restoreStore({ folder, file, clock }: RestoreOptions): Promise<Replacement> {
  if (!await exists(file)) {
    throw new ApiError("FILE_NOT_FOUND", `There is no backup ${file}`, { file_path: file });
  }
  return await replaceStore({ folder, clock, write: (draft) => copyStore(file, draft) });
}
