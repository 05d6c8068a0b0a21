/** Refuses new work before the machine runs out of memory. */
import { ApiError } from "../domain/errors.ts";
import { bytes } from "../protocol/formats.ts";

/** The reason to refuse new tasks while more memory is `used` (bytes) than the limit; undefined for none. */
export function memoryObstacle(used: () => number, limit_bytes: number | undefined): ApiError | undefined {
  // Measuring takes as long as a tenth of a new task's way, so it is not done without a limit.
  if (limit_bytes === undefined) return undefined;
  const current_bytes = used();
  if (current_bytes <= limit_bytes) return undefined;
  return new ApiError(
    "MEMORY_LIMIT_EXCEEDED",
    `The server uses ${bytes(current_bytes)} of the ${
      bytes(limit_bytes)
    } that it may use; new tasks have to wait`,
    { current_bytes, limit_bytes, limit: "max_memory_bytes" },
  );
}
