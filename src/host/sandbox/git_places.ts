/**
 * What of a repository an agent in a sandbox may change, so that it can commit: new objects, and its own branch. Never what
 * another git obeys outside: configuration, hooks, and where a worktree's parts are.
 */
import { basename, dirname, join, resolve } from "node:path";
import { ApiError } from "../../domain/errors.ts";
import type { StoredWorkspace } from "../../domain/workspace.ts";
import type { SeenPlace } from "./mounts.ts";

/** Of a worktree without `git_dir`, git's folders may only be read. */
export type GitWorkspace = Pick<
  StoredWorkspace,
  "kind" | "root" | "git_dir" | "common_dir" | "branch" | "repository"
>;

/** Beyond so many branches of tasks, the agent cannot commit: each is a mount. What it changes is saved all the same. */
const MOST_BRANCHES = 1000;

/**
 * Makes what is missing of the files that must not be made by an agent. `root`: of the repository that the agent works in, if it has
 * no worktree. Throws `SERVICE_UNAVAILABLE` where it cannot.
 */
export async function gitPlaces(workspace: GitWorkspace | undefined, root: string): Promise<SeenPlace[]> {
  const { kind, git_dir, common_dir, branch, repository } = workspace ?? {};
  try {
    if (kind !== "worktree" || common_dir === undefined) return await ofFolder(root);
    await requireOwn(repository, common_dir);
    if (git_dir === undefined || branch === undefined) return [at("read", common_dir)];
    return await ofWorktree({ root, git_dir, common_dir, branch });
  } catch (error) {
    const reason = (error as Error).message;
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `No sandbox: the repository ${root} cannot be protected: ${reason}`,
      {
        file_path: root,
        missing: ["git"],
        reason,
      },
    );
  }
}

/**
 * An agent that worked in the repository's folder may have had its `.git` lead to another repository. Throws unless git's folder
 * itself says that it belongs there.
 */
async function requireOwn(repository: string | undefined, common_dir: string): Promise<void> {
  if (repository === undefined || repository === common_dir) return;
  const link = join(repository, ".git");
  const facts = await Deno.lstat(link);
  if (facts.isDirectory && link === common_dir) return;
  const target = /^gitdir: (.+)$/m.exec(facts.isFile ? await Deno.readTextFile(link) : "")?.[1];
  const git_dir = target === undefined ? await Deno.realPath(link) : resolve(repository, target);
  const back = await textOf(join(git_dir, "gitdir"));
  const isLinked = back !== undefined && resolve(git_dir, back.trim()) === link &&
    dirname(git_dir) === join(common_dir, "worktrees");
  const tree = /^\s*worktree\s*=\s*"?(.+?)"?\s*$/m.exec(await textOf(join(git_dir, "config")) ?? "")?.[1];
  const isSubmodule = git_dir === common_dir && tree !== undefined && resolve(git_dir, tree) === repository;
  if (!isLinked && !isSubmodule) throw new Error(`${link} leads to ${git_dir}, which belongs elsewhere`);
}

async function textOf(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}

async function ofWorktree(
  { root, git_dir, common_dir, branch }: {
    root: string;
    git_dir: string;
    common_dir: string;
    branch: string;
  },
): Promise<SeenPlace[]> {
  const objects = join(common_dir, "objects");
  return [
    at("read", common_dir),
    // The worktree's file that leads to git's folder.
    at("guard", join(root, ".git")),
    at("write", git_dir),
    at("guard", join(git_dir, "commondir")),
    at("guard", join(git_dir, "gitdir")),
    at("guard", await madeFile(join(git_dir, "config.worktree"))),
    at("write", objects),
    ...(await existing(join(objects, "pack"), join(objects, "info"))).map((path) => at("guard", path)),
    // The content of large files.
    ...(await existing(join(common_dir, "lfs"))).map((path) => at("write", path)),
    ...await ownBranch(common_dir, branch),
  ];
}

/** The folder of the branches of tasks, without those of others, and the log of the branch. */
async function ownBranch(common_dir: string, branch: string): Promise<SeenPlace[]> {
  const own = basename(branch);
  const folder = join(common_dir, "refs", "heads", dirname(branch));
  // In the folder of all branches, it could make others of the user's.
  if (dirname(branch) === "." || own === "") return [];
  await Deno.mkdir(folder, { recursive: true });
  await loosen(common_dir, dirname(branch), own);
  const others = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
    .filter((name) => name !== own && !name.endsWith(".lock"));
  if (others.length > MOST_BRANCHES) return [];
  const log = join(common_dir, "logs", "refs", "heads", branch);
  await Deno.mkdir(dirname(log), { recursive: true });
  return [
    at("write", folder),
    ...others.map((name) => at("guard", join(folder, name))),
    at("write", await madeFile(log)),
  ];
}

/**
 * Gives the branches in the folder that are only packed a file of their own, as git would: one that is not there could be made by the
 * agent, which would move the branch.
 */
async function loosen(common_dir: string, folder: string, own: string): Promise<void> {
  const packed = await textOf(join(common_dir, "packed-refs")) ?? "";
  for (const [, commit, name] of packed.matchAll(/^([0-9a-f]{40,64}) refs\/heads\/(\S+)$/gm)) {
    if (dirname(name!) !== folder || basename(name!) === own) continue;
    const path = join(common_dir, "refs", "heads", name!);
    if ((await existing(path)).length > 0) continue;
    try {
      // While git has the lock, it writes the file itself.
      await Deno.writeTextFile(`${path}.lock`, `${commit}\n`, { createNew: true });
      await Deno.rename(`${path}.lock`, path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** A folder in the user's own working tree: all branches are the user's, and the agent's. */
async function ofFolder(root: string): Promise<SeenPlace[]> {
  const git_dir = join(root, ".git");
  const facts = await Deno.lstat(git_dir).catch(() => undefined);
  if (facts === undefined || facts.isSymlink) return [];
  // A worktree of the user's, or a submodule: its repository is elsewhere, and not this folder's alone.
  if (!facts.isDirectory) return [at("guard", git_dir)];
  const inside = (name: string) => join(git_dir, name);
  const kept = ["worktrees", "modules", "commondir"].map(inside);
  return [
    at("write", git_dir),
    at("guard", await madeFile(inside("config"))),
    at("guard", await madeFile(inside("config.worktree"))),
    at("guard", await madeFolder(inside("hooks"))),
    at("guard", await madeFolder(inside("refs/opencode-agents"))),
    at("guard", await madeFolder(inside("refs/heads/opencode-agents"))),
    ...(await existing(...kept)).map((path) => at("guard", path)),
  ];
}

function at(access: SeenPlace["access"], path: string): SeenPlace {
  return { path, access };
}

/** A file that is not there could be made by the agent. An empty one says nothing. */
async function madeFile(path: string): Promise<string> {
  try {
    await Deno.writeTextFile(path, "", { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    if (!(await Deno.lstat(path)).isFile) throw new Error(`${path} is no file`);
  }
  return path;
}

async function madeFolder(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  if (!(await Deno.lstat(path)).isDirectory) throw new Error(`${path} is no folder of its own`);
  return path;
}

/** Those that are there, and are no links. */
async function existing(...paths: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const facts = await Deno.lstat(path).catch(() => undefined);
    if (facts !== undefined && !facts.isSymlink) found.push(path);
  }
  return found;
}
