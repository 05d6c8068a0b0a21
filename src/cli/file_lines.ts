/** The lines of a file that a command is given, or of stdin. */
import { ApiError } from "../domain/errors.ts";

/** `file`: a path, or `-` for stdin. Throws `FILE_NOT_FOUND` and `FILESYSTEM_ERROR`. */
export async function* linesOfFile(file: string): AsyncGenerator<string> {
  let rest = "";
  for await (const text of (await opened(file)).pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

async function opened(file: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (file === "-") return Deno.stdin.readable;
  try {
    return (await Deno.open(file)).readable;
  } catch (error) {
    const code = error instanceof Deno.errors.NotFound ? "FILE_NOT_FOUND" : "FILESYSTEM_ERROR";
    throw new ApiError(code, `${file} cannot be read: ${(error as Error).message}`, { file_path: file });
  }
}
