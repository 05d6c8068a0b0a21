/** The body of a request. */
import { ApiError } from "../../domain/errors.ts";

/** The body as text. Throws `INVALID_FIELD_VALUE` if it is too large, `INVALID_JSON` if it is not UTF-8. */
export async function readText(request: Request, max_bytes: number): Promise<string> {
  const chunks: BlobPart[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > max_bytes) {
      throw new ApiError("INVALID_FIELD_VALUE", `A message may have at most ${max_bytes} bytes`, {
        field: "(root)",
        value: null,
        expected: `at most ${max_bytes} bytes`,
      });
    }
    chunks.push(chunk);
  }
  const bytes = await new Blob(chunks).arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // `fatal` throws a TypeError for what is not UTF-8.
    throw new ApiError("INVALID_JSON", "The body is not UTF-8");
  }
}
