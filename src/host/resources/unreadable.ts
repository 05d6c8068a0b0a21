/** Figures that these permissions or this platform do not give. */
import { ApiError } from "../../domain/errors.ts";

/** The error for a figure that every answer must have. `permission`: what reading it takes. */
export function unreadable(figure: string, permission: "sys" | "read", error: unknown): ApiError {
  const message = `The ${figure} cannot be read: ${(error as Error).message}`;
  return isDenied(error)
    ? new ApiError("SERVICE_UNAVAILABLE", message, {
      missing: [permission],
      permission: `--allow-${permission}`,
    })
    : new ApiError("SERVICE_UNAVAILABLE", message, { missing: [figure] });
}

/** What `read` returns; undefined where it is not permitted or not known here. */
export function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Deno 2.4 throws PermissionDenied, newer ones NotCapable; Node's functions throw errors of their own.
    return undefined;
  }
}

function isDenied(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return true;
  const { code } = error as { code?: string };
  return code === "EACCES" || code === "EPERM";
}
