/** Where the relative globs of a task's permission rules start: its project's folder, in its own worktree if it has one. */
import { join, relative } from "node:path";
import { isInside } from "../../domain/path_inside.ts";
import type { NamedProject } from "../../domain/project.ts";
import type { StoredWorkspace } from "../../domain/workspace.ts";
import type { WorkingDirs } from "../working_dir.ts";

/** @param working_dir absolute, symlinks resolved */
export async function rulesRoot(
  working_dir: string,
  workspace: StoredWorkspace | undefined,
  project: Pick<NamedProject, "path"> | undefined,
  { real }: Pick<WorkingDirs, "real">,
): Promise<string> {
  const { kind, root, repository } = workspace ?? {};
  const path = project && await real(project.path);
  if (kind === "worktree" && root !== undefined) {
    const own = await real(root);
    const theirs = repository === undefined ? undefined : await real(repository);
    return path !== undefined && theirs !== undefined && isInside(theirs, path)
      ? join(own, relative(theirs, path))
      : own;
  }
  return path !== undefined && isInside(path, working_dir) ? path : working_dir;
}
