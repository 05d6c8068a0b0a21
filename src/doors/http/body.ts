/** The body of a request. */
import { ApiError } from "../../domain/errors.ts";

/**
 * The body as text. Throws `INVALID_FIELD_VALUE` if it is too large or says that it will be, `INVALID_JSON` if it is not
 * UTF-8 or its client went before all of it arrived.
 */
export async function readText(request: Request, max_bytes: number): Promise<string> {
  const bytes = await readBytes(request, max_bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // `fatal` throws a TypeError for what is not UTF-8.
    throw new ApiError("INVALID_JSON", "The body is not UTF-8");
  }
}

/** The body as it came. Throws as `readText` does. */
export async function readBytes(request: Request, max_bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > max_bytes) throw tooLarge(max_bytes);
  const chunks: BlobPart[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.length;
      if (size > max_bytes) throw tooLarge(max_bytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("INVALID_JSON", "The body did not arrive", { reason: String(error) });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function tooLarge(max_bytes: number): ApiError {
  return new ApiError("INVALID_FIELD_VALUE", `A message may have at most ${max_bytes} bytes`, {
    field: "(root)",
    value: null,
    expected: `at most ${max_bytes} bytes`,
  });
}
