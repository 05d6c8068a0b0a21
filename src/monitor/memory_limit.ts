/** Refuses new work before the machine runs out of memory. */
import { ApiError } from "../domain/errors.ts";

/** What stands against new tasks when so much memory is in use; undefined when nothing does. */
export function memoryObstacle(current_bytes: number, limit_bytes: number | undefined): ApiError | undefined {
  if (limit_bytes === undefined || current_bytes <= limit_bytes) return undefined;
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return new ApiError(
    "MEMORY_LIMIT_EXCEEDED",
    `The server uses ${megabytes(current_bytes)} MB of the ${
      megabytes(limit_bytes)
    } MB that it may use; new tasks have to wait`,
    { current_bytes, limit_bytes, limit: "max_memory_bytes" },
  );
}
