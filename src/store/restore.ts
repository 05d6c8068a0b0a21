/** Replaces the store by a backup. */
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
 * Replaces the folder's store by a copy of the backup. The old store is kept under another name. Throws `ApiError`:
 * `FILE_NOT_FOUND`, `DATABASE_ERROR` for a file that is damaged or not a backup of this program, `CONFIGURATION_ERROR`
 * if a newer program wrote it or a server has the folder. The store is then unchanged.
 */
export async function restoreStore({ folder, file, clock }: RestoreOptions): Promise<Replacement> {
  if (!await exists(file)) {
    throw new ApiError("FILE_NOT_FOUND", `There is no backup ${file}`, { file_path: file });
  }
  return await replaceStore({ folder, clock, action: "restore", write: (draft) => copyStore(file, draft) });
}
