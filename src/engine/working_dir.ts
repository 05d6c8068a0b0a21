/**
 * Checks the folder that an agent works in: it must be inside `tasks.allowed_dirs` after symlinks are resolved. Finds the
 * repository that it is in.
 */
import { resolve } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { type FolderLooks, isNotAnswering } from "../host/folder_looks.ts";
import { isInside } from "../domain/path_inside.ts";
import { type Home, placeOf } from "../protocol/places.ts";

export interface WorkingDirs {
  /**
   * The absolute folder for `requested` (without it, the default folder), with symlinks resolved. Throws `ApiError` if it
   * is not allowed, cannot be used or does not answer. `inside`: an allowed folder that it must not leave.
   */
  resolve(requested: string | undefined, inside?: string): Promise<string>;
  /**
   * The path with symlinks resolved, or as it is where that cannot be done. Nothing is checked. Throws `ApiError` if the file
   * system does not answer.
   */
  real(path: string): Promise<string>;
}

export interface RepositoryRoots {
  /**
   * The root of the repository that `requested` (without it, the default folder) is in, else the folder itself, with
   * symlinks resolved. Rejects if it is not there.
   */
  rootOf(requested: string | undefined): Promise<string>;
}

/** `base`, `home`: as in `allowedWorkingDirs`. */
export function repositoryRoots(
  looks: FolderLooks,
  base: string,
  default_dir: string,
  home: Home = () => undefined,
): RepositoryRoots {
  return {
    async rootOf(requested = default_dir) {
      const place = placeOf(requested, base, home);
      if ("refused" in place) throw new Error(place.refused);
      return await looks.repositoryRoot(place.path);
    },
  };
}

/**
 * `base`: the folder that relative paths start from; `home`: what `~` stands for; `allowed_dirs`: with those of the
 * projects.
 */
export function allowedWorkingDirs(
  looks: FolderLooks,
  base: string,
  default_dir: string,
  allowed_dirs: readonly string[],
  home: Home = () => undefined,
): WorkingDirs {
  const refuse = (folder: string, reason: string) =>
    fieldProblem(
      "INVALID_FIELD_VALUE",
      "task.execution.working_dir",
      folder,
      "an existing folder inside tasks.allowed_dirs",
      `Working folder '${folder}' ${reason}`,
      { allowed_dirs: allowed_dirs.map((dir) => resolve(base, dir)) },
    );
  return {
    async resolve(requested, inside) {
      const dirs = inside === undefined ? allowed_dirs : [inside];
      const outside = inside === undefined
        ? "is outside tasks.allowed_dirs"
        : `leaves its project, ${inside}`;
      const isAllowedName = (path: string) => dirs.some((dir) => isInside(resolve(base, dir), path));
      const place = placeOf(requested ?? default_dir, base, home);
      if ("refused" in place) throw refuse(requested ?? default_dir, `cannot be used: ${place.refused}`);
      const folder = place.path;
      const looked = looks.realPath(folder);
      // An allowed folder that does not exist, or does not answer, is ignored.
      const roots = dirs.map((dir) => {
        const root = resolve(base, dir);
        return (root === folder ? looked : looks.realPath(root)).catch(() => undefined);
      });
      let real: string;
      try {
        [real] = await Promise.all([looked, looks.enterFolder(folder)]);
      } catch (error) {
        if (!isAllowedName(folder)) throw refuse(folder, outside);
        if (isNotAnswering(error)) throw error;
        if (error instanceof Deno.errors.NotADirectory) throw refuse(folder, "is not a folder");
        // The name may be too long or contain a NUL, for example.
        throw unusable(folder, error) ?? refuse(folder, `cannot be used: ${(error as Error).message}`);
      }
      if (await isInsideOne(roots, real)) return real;
      throw refuse(folder, outside);
    },
    real: (path) => realOf(looks, path),
  };
}

/** Settles with the first that contains the path: others may take long. */
async function isInsideOne(roots: readonly Promise<string | undefined>[], path: string): Promise<boolean> {
  const found = roots.map(async (root) => {
    const folder = await root;
    if (folder === undefined || !isInside(folder, path)) throw new Error("It is outside");
  });
  return await Promise.any(found).then(() => true, () => false);
}

/** The path with symlinks resolved, or as it is where that cannot be done. Throws `ApiError` if the file system does not answer. */
async function realOf(looks: FolderLooks, path: string): Promise<string> {
  try {
    return await looks.realPath(path);
  } catch (error) {
    if (isNotAnswering(error)) throw error;
    return path;
  }
}

/** The error for an allowed folder that cannot be used; undefined if no code fits. */
function unusable(path: string, error: unknown): ApiError | undefined {
  const details = { field: "task.execution.working_dir", value: path, file_path: path, operation: "read" };
  if (error instanceof Deno.errors.NotFound) {
    return new ApiError("FILE_NOT_FOUND", `Working folder '${path}' does not exist`, details);
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    const message = `Working folder '${path}' may not be read or entered by the account of the server`;
    return new ApiError("FILE_PERMISSION_DENIED", message, { ...details, required_permissions: "read" });
  }
}
