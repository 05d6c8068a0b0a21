/** Figures that these permissions or this platform do not give. */
import { ApiError } from "../../domain/errors.ts";

/** The error for a figure that every answer must have. `permission`: needed to read it. */
export function unreadable(figure: string, permission: "sys" | "read", error: unknown): ApiError {
  const message = `The ${figure} cannot be read: ${(error as Error).message}`;
  return isDenied(error)
    ? new ApiError("SERVICE_UNAVAILABLE", message, {
      missing: [permission],
      permission: `--allow-${permission}`,
    })
    : new ApiError("SERVICE_UNAVAILABLE", message, { missing: [figure] });
}

/** The result of `read`; undefined if it is not permitted or not known on this platform. */
export function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Deno 2.4 throws PermissionDenied, newer versions throw NotCapable, and Node's functions have their own errors.
    return undefined;
  }
}

function isDenied(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return true;
  const { code } = error as { code?: string };
  return code === "EACCES" || code === "EPERM";
}
