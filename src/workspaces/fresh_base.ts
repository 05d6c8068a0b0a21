/** Brings the base of a new worktree up to date from its remote. */
import type { LogLevel } from "../domain/log_entry.ts";
import type { Git } from "./git.ts";
import { commitOf } from "./commits.ts";
import { type Base, type Repository } from "./repository.ts";

/** A remote that does not answer keeps no task waiting for longer. */
const FETCH_MS = 60_000;

export interface FreshBase {
  commit: string;
  notes: { level: LogLevel; message: string }[];
}

/**
 * The newest commit of a branch that has an upstream, if the local branch is strictly behind it; else the local one. The
 * local branch follows unless it is checked out somewhere. A fetch that fails is said.
 */
export async function freshBase(
  git: Git,
  { common_dir }: Repository,
  base: Base,
  signal?: AbortSignal,
): Promise<FreshBase> {
  const { name, commit: local, isBranch } = base;
  const stale: FreshBase = { commit: local, notes: [] };
  if (!isBranch || name === undefined) return stale;
  const place = { git_dir: common_dir };
  const [remote, branch] = await Promise.all(
    ["remote", "merge"].map((key) =>
      git.line(place, ["config", "--get", `branch.${name}.${key}`], { signal, accepts: [1] })
    ),
  );
  // A branch that follows another one of the same repository has the remote ".".
  if (!remote || !branch || remote === ".") return stale;
  const temporary = `refs/opencode-agents/fetched/${crypto.randomUUID()}`;
  try {
    const asked = [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-recurse-submodules",
      "--no-write-fetch-head",
      remote,
    ];
    await git.run(place, [...asked, `+${branch}:${temporary}`], {
      signal,
      bound_ms: FETCH_MS,
      network: true,
    });
    const fetched = await commitOf(git, place, temporary, signal);
    if (fetched === undefined || fetched === local) return stale;
    const isBehind = ["merge-base", "--is-ancestor", local, fetched];
    if ((await git.run(place, isBehind, { signal, accepts: [1] })).code !== 0) {
      return { commit: local, notes: [] };
    }
    const follows = await moveUnused(git, common_dir, name, local, fetched);
    const where = follows ? "" : `; your '${name}' is checked out and stays as it is`;
    const message = `'${name}' was behind '${remote}': the work starts from what was fetched${where}`;
    return { commit: fetched, notes: [{ level: "info", message }] };
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = withoutPasswords((error as Error).message);
    const message =
      `'${name}' could not be brought up to date, so the work starts from its local state: ${why}`;
    return { commit: local, notes: [{ level: "warn", message }] };
  } finally {
    await git.run(place, ["update-ref", "-d", temporary], { accepts: [1, 128] });
  }
}

/** Moves the branch if no working tree has it checked out. */
async function moveUnused(
  git: Git,
  common_dir: string,
  branch: string,
  from: string,
  to: string,
): Promise<boolean> {
  const place = { git_dir: common_dir };
  const listed = await git.fields(place, ["worktree", "list", "--porcelain", "-z"], { accepts: [129] });
  if (listed.length === 0 || listed.includes(`branch refs/heads/${branch}`)) return false;
  const asked = ["update-ref", "-m", "opencode-agents: fetched", `refs/heads/${branch}`, to, from];
  return (await git.run(place, asked, { accepts: [1, 128] })).code === 0;
}

function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, "//***@");
}
