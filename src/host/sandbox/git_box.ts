/**
 * The sandbox of the server's own git where it looks at files of agents in sandboxes: what they have configured in repositories
 * inside, such as filters, would otherwise be run with the server's rights.
 */
import { dirname, join } from "node:path";
import { repositoryRoot } from "../repository_root.ts";
import type { SeenPlace } from "./mounts.ts";

/** Where git looks. */
export interface GitLook {
  /** The working tree, or a folder in it. */
  folder: string;
  git_dir?: string;
  common_dir?: string;
  /** An index file of its own. */
  index?: string;
  /** Whether it writes files of the working tree. */
  writes: boolean;
}

/** What of the machine git does not see then, and what it sees of that all the same. */
export interface Hidden {
  data: string;
  workplaces: readonly string[];
  secret_files: readonly string[];
  /** The account's home folder. */
  home: string | undefined;
  /** The folders of programs, which may be in it. */
  programs: readonly string[];
}

/** What git may see and change then: new objects and the index. */
export async function lookPlaces(
  { folder, git_dir, common_dir = git_dir, index, writes }: GitLook,
  hidden: Hidden,
): Promise<SeenPlace[]> {
  const at = (access: SeenPlace["access"]) => (path: string): SeenPlace => ({ path, access });
  const root = await repositoryRoot(folder);
  const own = git_dir === undefined || common_dir === undefined
    ? [at("guard")(join(root, ".git"))]
    : await gitFolders(git_dir, common_dir);
  return [
    ...["/run", "/var/tmp", ...hidden.workplaces, hidden.data].map(at("hide")),
    ...hidden.home === undefined ? [] : [at("hide")(hidden.home), ...await settingsIn(hidden.home)],
    ...hidden.programs.map(at("read")),
    ...hidden.secret_files.map((path): SeenPlace => ({ path, access: "hide", isFile: true })),
    ...[root, folder].map(at(writes ? "write" : "read")),
    ...own,
    ...index === undefined ? [] : [at("write")(dirname(index))],
  ];
}

/** The account's settings of git, also where they are links. */
async function settingsIn(home: string): Promise<SeenPlace[]> {
  const places: SeenPlace[] = [];
  for (const path of [".gitconfig", ".config/git/config", ".config/git/ignore", ".config/git/attributes"]) {
    const from = await Deno.realPath(join(home, path)).catch(() => undefined);
    if (from !== undefined) places.push({ path: join(home, path), access: "read", from });
  }
  return places;
}

async function gitFolders(git_dir: string, common_dir: string): Promise<SeenPlace[]> {
  const places: SeenPlace[] = [
    { path: common_dir, access: "read" },
    { path: git_dir, access: "write" },
    { path: join(common_dir, "objects"), access: "write" },
  ];
  // Git LFS keeps the content of large files there.
  if (await isThere(join(common_dir, "lfs"))) places.push({ path: join(common_dir, "lfs"), access: "write" });
  const kept = [
    "config",
    "config.worktree",
    "hooks",
    "refs",
    "packed-refs",
    "HEAD",
    "commondir",
    "gitdir",
    "worktrees",
    "modules",
  ];
  for (const name of kept) {
    const path = join(git_dir, name);
    if (await isThere(path)) places.push({ path, access: "guard" });
  }
  return places;
}

async function isThere(path: string): Promise<boolean> {
  const facts = await Deno.lstat(path).catch(() => undefined);
  return facts !== undefined && !facts.isSymlink;
}
