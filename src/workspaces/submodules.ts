/** Checks out the submodules of a new worktree from what the repository already has. Nothing is fetched. */
import { join } from "node:path";
import { type Git, WHOLE_TREE_MS } from "./git.ts";

interface Submodule {
  name: string;
  path: string;
  url: string;
}

/** Deeper ones are left out. */
const DEPTH_MAX = 8;

/**
 * `tree`: the root of the worktree; `from`: git's folder of the repository that has the submodules. Returns the paths of
 * those that it does not have.
 */
export async function checkOutSubmodules(
  git: Git,
  tree: string,
  from: string,
  signal: AbortSignal | undefined,
  depth = 0,
): Promise<string[]> {
  const missing: string[] = [];
  if (depth >= DEPTH_MAX) return missing;
  for (const { name, path, url } of await submodulesOf(git, tree, signal)) {
    const source = join(from, "modules", name);
    const commit = await git.line(tree, ["rev-parse", "--verify", "--quiet", `:${path}`], {
      signal,
      accepts: [1, 128],
    });
    if (commit === "" || !await hasCommit(git, source, commit, signal)) {
      missing.push(path);
      continue;
    }
    const asked = ["submodule", "--quiet", "update", "--init", "--checkout", "--", path];
    await git.run(tree, asked, {
      signal,
      bound_ms: WHOLE_TREE_MS,
      config: [
        `submodule.${name}.url=${source}`,
        `submodule.${name}.active=true`,
        "protocol.file.allow=always",
      ],
    });
    const below = join(tree, path);
    // What the agent fetches there comes from where the others fetch.
    if (url !== "") await git.run(below, ["remote", "set-url", "origin", url], { signal, accepts: [2] });
    const deeper = await checkOutSubmodules(git, below, source, signal, depth + 1);
    missing.push(...deeper.map((one) => `${path}/${one}`));
  }
  return missing;
}

async function hasCommit(git: Git, git_dir: string, commit: string, signal?: AbortSignal): Promise<boolean> {
  try {
    if (!(await Deno.stat(git_dir)).isDirectory) return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
  const asked = ["cat-file", "-e", `${commit}^{commit}`];
  return (await git.run({ git_dir }, asked, { signal, accepts: [1, 128] })).code === 0;
}

/** As `.gitmodules` names them. A path that leads out of the worktree is none. */
async function submodulesOf(git: Git, tree: string, signal?: AbortSignal): Promise<Submodule[]> {
  const asked = [
    "config",
    "--blob",
    "HEAD:.gitmodules",
    "-z",
    "--get-regexp",
    "^submodule\\..*\\.(path|url)$",
  ];
  const { code, stdout } = await git.run(tree, asked, { signal, accepts: [1, 128] });
  if (code !== 0) return [];
  const found = new Map<string, Partial<Submodule>>();
  for (const line of new TextDecoder().decode(stdout).split("\0")) {
    const [, name, key] = /^submodule\.(.*)\.(path|url)\n/s.exec(line) ?? [];
    if (name === undefined || key === undefined) continue;
    const value = line.slice(line.indexOf("\n") + 1);
    found.set(name, { ...found.get(name), name, [key]: value });
  }
  return [...found.values()].flatMap(({ name = "", path = "", url = "" }) => {
    const isSafe = path !== "" && !path.startsWith("/") && !path.split("/").includes("..") &&
      !name.split("/").includes("..");
    return isSafe ? [{ name, path, url }] : [];
  });
}
