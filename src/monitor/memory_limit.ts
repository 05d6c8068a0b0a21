/** Refuses new work before the machine runs out of memory. */
import { ApiError } from "../domain/errors.ts";
import { bytes } from "../protocol/formats.ts";

/** The reason to refuse new tasks while this much memory is in use; undefined for none. */
export function memoryObstacle(current_bytes: number, limit_bytes: number | undefined): ApiError | undefined {
  if (limit_bytes === undefined || current_bytes <= limit_bytes) return undefined;
  return new ApiError(
    "MEMORY_LIMIT_EXCEEDED",
    `The server uses ${bytes(current_bytes)} of the ${
      bytes(limit_bytes)
    } that it may use; new tasks have to wait`,
    { current_bytes, limit_bytes, limit: "max_memory_bytes" },
  );
}
