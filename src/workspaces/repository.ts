/** The repository that a folder is in, and the commit from which a task starts there. */
import { relative } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { commitOf, FATAL } from "./commits.ts";
import type { Git } from "./git.ts";

export interface Repository {
  /** The root of the working tree that the folder is in; of a bare repository, its own folder. */
  root: string;
  /** git's folder that all worktrees share. */
  common_dir: string;
  /** git's folder of this working tree. */
  git_dir: string;
  /** The folder's path below the root; empty for the root itself. */
  below: string;
  isBare: boolean;
}

/** Undefined outside any repository. Throws what git says of a repository that it does not read. */
export async function repositoryAt(
  git: Git,
  folder: string,
  signal?: AbortSignal,
): Promise<Repository | undefined> {
  const asked = [
    "rev-parse",
    "--path-format=absolute",
    "--is-inside-work-tree",
    "--is-bare-repository",
    "--git-common-dir",
    "--absolute-git-dir",
  ];
  const { code, stdout, stderr } = await git.run(folder, asked, { signal, accepts: [FATAL] });
  if (code === FATAL) {
    if (/not a git repository/i.test(stderr)) return undefined;
    throw new ApiError(
      "FILESYSTEM_ERROR",
      `git does not read the repository at ${folder}: ${stderr.trim()}`,
      {
        operation: "git rev-parse",
        file_path: folder,
      },
    );
  }
  const [isInside, bare, common_dir = "", git_dir = ""] = new TextDecoder().decode(stdout).split("\n");
  if (isInside === "true") {
    const root = await git.line(folder, ["rev-parse", "--path-format=absolute", "--show-toplevel"], {
      signal,
    });
    return { root, common_dir, git_dir, below: relative(root, folder), isBare: false };
  }
  // git's own folder of a repository with files is no place to work in.
  return bare === "true" ? { root: common_dir, common_dir, git_dir, below: "", isBare: true } : undefined;
}

export interface Base {
  /** The branch, tag or commit; absent if the repository's HEAD is detached. */
  name?: string;
  commit: string;
  /** Whether it is a local branch. */
  isBranch: boolean;
}

/**
 * The commit of `asked`, else of HEAD. A branch goes before a tag of the same name. Throws `INVALID_FIELD_VALUE`, field
 * `task.execution.base` or `.isolation`, if there is none.
 */
export async function baseOf(
  git: Git,
  { root, isBare, common_dir }: Repository,
  asked: string | undefined,
  signal?: AbortSignal,
): Promise<Base> {
  const place = isBare ? { git_dir: common_dir } : root;
  if (asked !== undefined) {
    const branch = asked.replace(/^refs\/heads\//, "");
    const ofBranch = await commitOf(git, place, `refs/heads/${branch}`, signal);
    if (ofBranch !== undefined) return { name: branch, commit: ofBranch, isBranch: true };
    const commit = await commitOf(git, place, asked, signal);
    if (commit !== undefined) return { name: asked, commit, isBranch: false };
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task.execution.base",
      asked,
      "a branch, tag or commit of the repository",
      `The repository ${root} has no branch, tag or commit '${asked}'`,
      { repository: root },
    );
  }
  const commit = await commitOf(git, place, "HEAD", signal);
  if (commit === undefined) {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task.execution.isolation",
      "worktree",
      "a repository with a commit",
      `The repository ${root} has no commit yet, from which a worktree could start: commit something first`,
      { repository: root },
    );
  }
  const branch = await git.line(place, ["symbolic-ref", "--quiet", "--short", "HEAD"], {
    signal,
    accepts: [1],
  });
  return branch === "" ? { commit, isBranch: false } : { name: branch, commit, isBranch: true };
}

/** The error for a folder that is in no repository. */
export function noRepository(folder: string): ApiError {
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "task.execution.isolation",
    "worktree",
    "a folder in a git repository",
    `The folder ${folder} is in no git repository, so that no worktree can be made of it`,
    { file_path: folder },
  );
}
