/** Where an agent may work: a folder inside `tasks.allowed_dirs`, after symlinks are resolved. */
import { isAbsolute, join, relative, resolve } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";

export interface WorkingDirs {
  /** The absolute folder for a task that asked for `wanted`; throws `ApiError` when it is not allowed. */
  resolve(wanted: string | undefined): Promise<string>;
}

/** `base`: the folder that relative paths start from. */
export function allowedWorkingDirs(
  base: string,
  default_dir: string,
  allowed_dirs: readonly string[],
): WorkingDirs {
  const refuse = (wanted: string, reason: string) =>
    fieldProblem(
      "INVALID_FIELD_VALUE",
      "task.execution.working_dir",
      wanted,
      "an existing folder inside tasks.allowed_dirs",
      `Working folder '${wanted}' ${reason}`,
      { allowed_dirs: allowed_dirs.map((dir) => resolve(base, dir)) },
    );
  const isAllowedName = (path: string) => allowed_dirs.some((dir) => isInside(resolve(base, dir), path));
  return {
    async resolve(wanted) {
      const asked = resolve(base, wanted ?? default_dir);
      let real: string;
      try {
        real = await Deno.realPath(asked);
        if (!(await Deno.stat(real)).isDirectory) throw refuse(asked, "is not a folder");
      } catch (error) {
        if (!isAllowedName(asked)) throw refuse(asked, "is outside tasks.allowed_dirs");
        if (error instanceof ApiError) throw error;
        // Whatever else it is, such as a name that is too long or holds a NUL, it is no folder.
        throw unusable(asked, error) ?? refuse(asked, `cannot be used: ${(error as Error).message}`);
      }
      for (const dir of allowed_dirs) {
        // An allowed folder that is missing allows nothing.
        const root = await Deno.realPath(resolve(base, dir)).catch(() => undefined);
        if (root !== undefined && isInside(root, real)) return real;
      }
      throw refuse(asked, "is outside tasks.allowed_dirs");
    },
  };
}

/** What stands against a folder that would be allowed, where that has a code of its own. */
function unusable(path: string, error: unknown): ApiError | undefined {
  const details = { field: "task.execution.working_dir", value: path, file_path: path, operation: "read" };
  if (error instanceof Deno.errors.NotFound) {
    return new ApiError("FILE_NOT_FOUND", `Working folder '${path}' does not exist`, details);
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    const message = `Working folder '${path}' may not be read by the server`;
    return new ApiError("FILE_PERMISSION_DENIED", message, { ...details, required_permissions: "read" });
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(join("..", "/")));
}
