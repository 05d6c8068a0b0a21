/**
 * Keeps commits that are on no branch: what an agent left behind detached, rewrote, or could not finish. One reference for each
 * task leads to all of them, as the parents of one commit.
 */
import { join } from "node:path";
import { commitTree, tipOf, treeOf } from "./commits.ts";
import type { Git, GitPlace } from "./git.ts";
import { OWN_IDENTITY } from "./own_identity.ts";

/** Where the commits of a task are kept that are not on its branch. They are moved to `kept/` when its record goes. */
export function workRef(task_id: string): string {
  return `refs/opencode-agents/work/${task_id}`;
}

const SAVED = "refs/opencode-agents/saved/";

/**
 * What was on a task's branch at the end of its last turn. While the task goes on, its agent may reset the branch and have git
 * forget what it had.
 */
export function savedRef({ branch }: { branch: string }): string {
  return SAVED + branch;
}

/** How far back a working tree's log of HEAD is read. */
const LOG_BYTES = 1_000_000;
/** How many of its commits are looked at. */
const ENDS_MAX = 2000;
/** How many lines of work one commit joins. */
const PARENTS_MAX = 200;

/** The commits that a working tree's HEAD has been at, the newest first. */
export async function commitsOfHead(git_dir: string): Promise<string[]> {
  let text: string;
  try {
    using file = await Deno.open(join(git_dir, "logs", "HEAD"));
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - LOG_BYTES), Deno.SeekMode.Start);
    text = await new Response(file.readable).text();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const found = new Set<string>();
  for (const line of text.split("\n").reverse()) {
    const [, commit] = /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) /.exec(line) ?? [];
    if (commit !== undefined && !/^0+$/.test(commit)) found.add(commit);
  }
  return [...found];
}

/**
 * Those of the commits that no reference leads to and none of the others: the ends of lines of work. Commits that are gone
 * are left out.
 */
export async function unreferenced(
  git: Git,
  place: GitPlace,
  commits: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  if (commits.length === 0) return [];
  const ends = [...new Set(commits)].slice(0, ENDS_MAX);
  // What was saved last is kept otherwise before that reference moves, and a stash may be dropped.
  const others = ["--not", `--exclude=${SAVED}*`, "--exclude=refs/stash", "--glob=*"];
  const asked = ["rev-list", "--ignore-missing", "--parents", ...ends, ...others];
  const listed = await git.text(place, asked, { signal });
  const lines = listed.split("\n").filter(Boolean).map((line) => line.split(" "));
  const parents = new Set(lines.flatMap(([, ...those]) => those));
  return lines.map(([commit]) => commit!).filter((commit) => !parents.has(commit));
}

/** Keeps the commits under the task's reference, besides those that it keeps already. */
export async function keepCommits(
  git: Git,
  common_dir: string,
  task_id: string,
  commits: readonly { commit: string; what: string }[],
  signal?: AbortSignal,
): Promise<void> {
  const place = { git_dir: common_dir };
  const ref = workRef(task_id);
  const about = {
    title: `Kept work of task ${task_id} that is on none of its branches`,
    trailer: `Task: ${task_id}`,
  };
  for (let at = 0; at < commits.length; at += PARENTS_MAX) {
    const before = await tipOf(git, place, ref, signal);
    const kept = await joined(git, place, commits.slice(at, at + PARENTS_MAX), about, before, signal);
    await git.run(place, ["update-ref", "-m", "opencode-agents: kept", ref, kept, before ?? ""], { signal });
  }
}

/** A commit whose parents are these, after `before`: one reference then keeps them all. */
async function joined(
  git: Git,
  place: GitPlace,
  commits: readonly { commit: string; what: string }[],
  { title, trailer }: { title: string; trailer?: string },
  before?: string,
  signal?: AbortSignal,
): Promise<string> {
  const parents = [...before === undefined ? [] : [before], ...commits.map(({ commit }) => commit)];
  const tree = await treeOf(git, place, commits[0]!.commit, signal);
  const lines = commits.map(({ commit, what }) => `${commit.slice(0, 12)} ${what}`);
  const message = [title, "", ...lines, ...trailer === undefined ? [] : ["", trailer], ""].join("\n");
  return await commitTree(git, place, tree, parents, message, OWN_IDENTITY, signal);
}

/** One commit that leads to all commits that a working tree's HEAD has been at and nothing leads to; undefined: there are none. */
export async function leftBehind(
  git: Git,
  { git_dir, common_dir }: { git_dir: string; common_dir: string },
  title: string,
): Promise<string | undefined> {
  const place = { git_dir: common_dir };
  const lost = await unreferenced(git, place, await commitsOfHead(git_dir));
  let all: string | undefined;
  for (let at = 0; at < lost.length; at += PARENTS_MAX) {
    const some = lost.slice(at, at + PARENTS_MAX).map((commit) => ({ commit, what: "was checked out" }));
    all = await joined(git, place, some, { title }, all);
  }
  return all;
}
