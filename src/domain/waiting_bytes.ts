/** How much the tasks that wait may hold in memory together. Pure. */
import { ApiError } from "./errors.ts";

/** As much of each task counts for nothing: ordinary tasks are bounded by their rate alone. */
const FREE_BYTES = 1024;
export const WAITING_BYTES_MAX = 64 << 20;
/** When to look again whether tasks have begun or ended. */
const RETRY_AFTER_SECONDS = 60;

/** What a task holds beyond an ordinary one, in bytes. `spec`: what its client gave. */
export function countedBytes(spec: unknown): number {
  return Math.max(0, bytesOf(spec) - FREE_BYTES);
}

/** Throws `RATE_LIMIT_EXCEEDED` if a task does not fit beside what `held` bytes of others wait. */
export function requireRoom(spec: unknown, held: number): void {
  const bytes = countedBytes(spec);
  if (bytes === 0 || held + bytes <= WAITING_BYTES_MAX) return;
  throw new ApiError(
    "RATE_LIMIT_EXCEEDED",
    "The tasks that wait hold as much as they may. Please wait until some have begun, or start smaller ones.",
    {
      limit: "waiting_bytes",
      current_limit: WAITING_BYTES_MAX,
      current: held,
      requested: bytes,
      retry_after_seconds: RETRY_AFTER_SECONDS,
    },
  );
}

/** About as many as its JSON has, without making that. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  let bytes = 2;
  if (Array.isArray(value)) { for (const each of value) bytes += bytesOf(each) + 1; }
  else {for (const name of Object.keys(value)) {
      bytes += name.length + 4 + bytesOf((value as Record<string, unknown>)[name]);
    }}
  return bytes;
}
