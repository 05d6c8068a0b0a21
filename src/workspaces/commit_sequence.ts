/** The commit that the target branch gets: what a task has done, put on top of what the target is now. */
import type { Taken } from "../domain/carried_work.ts";
import type { AcceptMethod } from "../domain/ending.ts";
import { commitTree, FATAL, isAncestor, treeOf } from "./commits.ts";
import type { Git, GitPlace } from "./git.ts";
import type { MergedTree, TreeMerger } from "./merged_tree.ts";

export interface Wanted {
  method: AcceptMethod;
  /** The commit of the target branch. */
  target: string;
  /** The last commit of the task. */
  head: string;
  /** Work that was accepted before: the commit that brought it, and the last commit of its own. */
  taken: readonly Taken[];
  /** Commits from which work began. What is before them is not to be brought along. */
  starts: readonly string[];
  /** Of the one commit that is made; with `rebase`, the commits keep theirs. */
  message: string;
  /** Who commits, as variables. */
  identity: Record<string, string>;
}

/** The new commit, which is the target itself if that has all changes already; or what stands against it. */
export type Made = { commit: string } | { conflicts: string[]; notes: string[] };

/** Makes commits in the object store. No reference moves. */
export async function madeCommit(
  git: Git,
  place: GitPlace,
  merger: TreeMerger,
  wanted: Wanted,
): Promise<Made> {
  const { method, target, head, message, identity } = wanted;
  if (await isAncestor(git, place, head, target)) return { commit: target };
  // A merge brings all of the history along, so all that is in it must be merged.
  const known = await knownCommits(git, place, method === "merge" ? { ...wanted, starts: [] } : wanted);
  const ours = known.length === 0 ? target : await merger.virtual(target, target, ...known);
  const whole = await merger.merged(ours, head);
  if (isRefused(whole)) return whole;
  if (method === "rebase") return await replayed(git, place, merger, wanted, known, whole.tree);
  if (method === "squash" && whole.tree === await treeOf(git, place, target)) return { commit: target };
  const parents = method === "merge" ? [target, head] : [target];
  return { commit: await commitTree(git, place, whole.tree, parents, message, identity) };
}

/**
 * The target with the commits of its upstream that the work began from, as they are: they are not the task's, and no commit of
 * the task's takes them in.
 */
export async function withUpstream(
  git: Git,
  place: GitPlace,
  merger: TreeMerger,
  { target, upstream, name, identity }: Pick<Wanted, "target" | "identity"> & {
    upstream: string | undefined;
    /** The target's name. */
    name: string;
  },
): Promise<Made> {
  if (upstream === undefined || await isAncestor(git, place, upstream, target)) return { commit: target };
  if (await isAncestor(git, place, target, upstream)) return { commit: upstream };
  const merged = await merger.merged(target, upstream);
  if (isRefused(merged)) return merged;
  const message = `Merge the upstream of '${name}'\n`;
  return { commit: await commitTree(git, place, merged.tree, [target, upstream], message, identity) };
}

/** Puts the task's commits on top of the target, one by one. Merges of its own are left out; what they did is kept. */
async function replayed(
  git: Git,
  place: GitPlace,
  merger: TreeMerger,
  { target, head, message, identity }: Wanted,
  taken: readonly string[],
  whole: string,
): Promise<Made> {
  const own = [
    "rev-list",
    "--reverse",
    "--topo-order",
    "--no-merges",
    head,
    ...[target, ...taken].map((one) => `^${one}`),
  ];
  const commits = (await git.text(place, own)).split("\n").filter(Boolean);
  let tip = target;
  for (const commit of commits) {
    const [parent] = await parentsOf(git, place, commit);
    if (parent === tip) {
      tip = commit;
      continue;
    }
    const side = parent === undefined ? tip : await merger.virtual(tip, parent);
    const step = await merger.merged(side, commit);
    if (isRefused(step)) return step;
    if (step.tree === await treeOf(git, place, tip)) continue;
    const { text, author } = await writtenBy(git, place, commit);
    tip = await commitTree(git, place, step.tree, [tip], text, { ...identity, ...author });
  }
  // A merge of the task's may have changed more than its sides.
  if (whole !== await treeOf(git, place, tip)) {
    tip = await commitTree(git, place, whole, [tip], message, identity);
  }
  return { commit: tip };
}

function isRefused({ conflicts, tree }: MergedTree): boolean {
  return conflicts.length > 0 || tree === "";
}

/**
 * Commits of the task's history that are nothing new to the target, although it does not have them: it has taken, and still
 * has, their work in another form; or the task began from them, and the target has been rewritten without them.
 */
export async function knownCommits(
  git: Git,
  place: GitPlace,
  { head, target, taken, starts }: Pick<Wanted, "head" | "target" | "taken" | "starts">,
): Promise<string[]> {
  const found = new Set<string>();
  for (const one of taken) {
    // The task may have begun from an earlier state of what was accepted.
    const common = await git.line(place, ["merge-base", one.head, head], { accepts: [1, FATAL] });
    if (common === "" || await isAncestor(git, place, common, target)) continue;
    if (await isAncestor(git, place, one.commit, target)) found.add(common);
  }
  for (const start of starts) {
    if (await isAncestor(git, place, start, head) && !await isAncestor(git, place, start, target)) {
      found.add(start);
    }
  }
  return [...found];
}

async function parentsOf(git: Git, place: GitPlace, commit: string): Promise<string[]> {
  return (await git.line(place, ["rev-list", "--parents", "-n", "1", commit])).split(" ").slice(1);
}

/** The message of a commit, and its author as variables. */
async function writtenBy(git: Git, place: GitPlace, commit: string) {
  const format = "--format=%an%x00%ae%x00%ad%x00%B";
  const shown = await git.text(place, ["log", "-1", "--encoding=UTF-8", "--date=raw", format, commit]);
  const [name = "", email = "", date = "", text = ""] = shown.split("\0");
  return {
    text: text.trimEnd() + "\n",
    author: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date },
  };
}
