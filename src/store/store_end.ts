/** Whether the store is still there, and its orderly end: what the next start may rely on, what could not be stored. */
import { ApiError } from "../domain/errors.ts";
import { counted } from "../protocol/formats.ts";
import { markClean } from "./file_check.ts";

export interface StoreEnd {
  path: string;
  cleanMark: string;
  /** `identityOf` the file that was opened. */
  file: string | undefined;
  /** How many log entries the store did not take. */
  lost: number;
}

/** Records that the store was closed cleanly. Throws `ApiError` with what is not stored or not recorded. */
export async function recordEnd({ path, cleanMark, file, lost }: StoreEnd): Promise<void> {
  await requireInPlace(path, file);
  await markClean(path, cleanMark).catch((error) => {
    const reason = (error as Error).message;
    const unstored = lost > 0
      ? `${counted(lost, "log entry", "log entries")} could not be stored, and the`
      : "The";
    throw new ApiError(
      "FILESYSTEM_ERROR",
      `${unstored} clean end of the store could not be recorded: ${reason}. The next start checks the whole file.`,
      { file_path: cleanMark, operation: "write", reason, lost },
    );
  });
  if (lost === 0) return;
  throw new ApiError("DATABASE_ERROR", `${counted(lost, "log entry", "log entries")} could not be stored`, {
    file_path: path,
    lost,
  });
}

/** Throws `ApiError` if the file that was opened, `file` by `identityOf`, is no longer there. */
export async function requireInPlace(path: string, file: string | undefined): Promise<void> {
  if (await identityOf(path) === file) return;
  throw new ApiError(
    "DATABASE_ERROR",
    `The store ${path} was removed, moved or replaced while this server used it. ` +
      "Unless it was moved, what the server has stored is lost.",
    { file_path: path },
  );
}

/** Tells a file from another one in its place; undefined if there is none. */
export async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await Deno.stat(path);
    return `${dev} ${ino}`;
  } catch (error) {
    // Something else than the folder may be in its place by now.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
