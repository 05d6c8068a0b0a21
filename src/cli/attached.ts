/** Files that go along with a task or a message. */
import { basename } from "node:path";
import type { HttpClient } from "../client/http.ts";
import { ATTACHMENT_MAX_BYTES } from "../domain/attachment_bounds.ts";
import { ApiError, type ErrorCode } from "../domain/errors.ts";
import { bytes } from "../protocol/formats.ts";
import { path } from "./options.ts";

/** The value of an option that may be repeated: the paths so far, and one more. */
export function oneMorePath(file: string, files: string[] = []): string[] {
  return [...files, path(file)];
}

/** Sends the files. Returns their ids; undefined if there are none. */
export async function attached(
  server: HttpClient,
  files: readonly string[] = [],
): Promise<string[] | undefined> {
  const ids: string[] = [];
  for (const file of files) {
    ids.push((await server.attach(await fileBlob(file), { name: basename(file) })).id);
  }
  return ids.length > 0 ? ids : undefined;
}

/** The whole file. Throws `ApiError` if it is not there or too large. */
async function fileBlob(file: string): Promise<Blob> {
  const refused = (code: ErrorCode, why: string) =>
    new ApiError(code, `${file} cannot be attached: ${why}`, { field: "attach", value: file });
  let size: number;
  try {
    const info = await Deno.stat(file);
    if (!info.isFile) throw refused("INVALID_FIELD_VALUE", "it is not a file");
    size = info.size;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw refused("FILE_NOT_FOUND", (error as Error).message);
  }
  if (size > ATTACHMENT_MAX_BYTES) {
    throw refused(
      "INVALID_FIELD_VALUE",
      `it has ${bytes(size)}, and at most ${bytes(ATTACHMENT_MAX_BYTES)} are taken`,
    );
  }
  return new Blob([await Deno.readFile(file)]);
}
