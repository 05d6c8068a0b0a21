/** The commit from which a worktree starts that builds on the work of other tasks. Made in the object store alone. */
import { firstNames } from "../domain/first_names.ts";
import { changesConflict } from "../domain/landing.ts";
import type { InheritedWork } from "../domain/task_workspaces.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import { commitOf, commitTree, isAncestor, treeOf } from "./commits.ts";
import type { Git } from "./git.ts";
import { TreeMerger } from "./merged_tree.ts";
import type { Note } from "./notes.ts";
import { identityOf } from "./own_identity.ts";

/** How much of what was inherited is recorded. */
const RECORDED_MAX = 200;
/** How many files a failure names. */
const NAMED_MAX = 10;

export interface WantedStart {
  task_id: string;
  common_dir: string;
  /** The commit from which it starts if there is nothing to inherit. */
  base: string;
  inherits: readonly InheritedWork[];
  room: string;
}

export interface InheritedStart {
  commit: string;
  inherited?: StoredWorkspace["inherited"];
}

interface Head {
  task_id: string;
  commit: string;
}

/**
 * Merges the work of the tasks in their order; the commit has all of it as its parents, the first task's first. Throws
 * `CHANGES_CONFLICT` with the files. Work that the base has already, or that is not there, is left out.
 */
export async function inheritedStart(
  git: Git,
  wanted: WantedStart,
  notes: Note[],
  signal?: AbortSignal,
): Promise<InheritedStart> {
  const { common_dir, base, inherits, task_id, room } = wanted;
  const place = { git_dir: common_dir };
  const heads: Head[] = [];
  const recorded: Head[] = [];
  for (const work of inherits) {
    const commit = await lastCommit(git, common_dir, work, notes, signal);
    if (commit === undefined || await isAncestor(git, place, commit, base)) continue;
    heads.push({ task_id: work.task_id, commit });
    recorded.push({ task_id: work.task_id, commit }, ...work.inherited ?? []);
  }
  const [first] = heads;
  if (first === undefined) return { commit: base };
  const inherited = distinct(recorded).slice(0, RECORDED_MAX);
  if (heads.length === 1) return { commit: first.commit, inherited };
  const merger = await TreeMerger.open(git, common_dir, first.commit, room, signal);
  try {
    const merged = await mergedHeads(git, merger, common_dir, heads, task_id);
    const [only, ...others] = merged.parents;
    if (others.length === 0) return { commit: only!.commit, inherited };
    const named = merged.parents.map((one) => `'${one.task_id}'`).join(", ");
    const message = `Start from the work of ${named}\n\nTask: ${task_id}\n`;
    const parents = merged.parents.map(({ commit }) => commit);
    const identity = await identityOf(git, place);
    return { commit: await commitTree(git, place, merged.tree, parents, message, identity), inherited };
  } finally {
    await merger.close();
  }
}

/** The last commit of a dependency's work in this repository; undefined if there is none. */
async function lastCommit(
  git: Git,
  here: string,
  { task_id, common_dir, commits = [], absent }: InheritedWork,
  notes: Note[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  // Work in other repositories, or in none, is no concern of this worktree.
  if (common_dir !== undefined && common_dir !== here) return undefined;
  let why = absent;
  if (why === undefined) {
    for (const name of commits) {
      const commit = await commitOf(git, { git_dir: here }, name, signal);
      if (commit !== undefined) return commit;
    }
    if (common_dir === undefined) return undefined;
    why = "its commits are gone";
  }
  const message = `The worktree starts without the work of dependency '${task_id}': ${why}`;
  notes.push({ level: "warn", message, details: { dependency: task_id } });
  return undefined;
}

/** What is contained in another of the heads is no parent of its own. */
async function mergedHeads(
  git: Git,
  merger: TreeMerger,
  common_dir: string,
  heads: readonly Head[],
  task_id: string,
): Promise<{ tree: string; parents: Head[] }> {
  const place = { git_dir: common_dir };
  const [first, ...others] = heads;
  let parents = [first!];
  let tree = await treeOf(git, place, first!.commit);
  for (const next of others) {
    if (await someAsync(parents, ({ commit }) => isAncestor(git, place, next.commit, commit))) continue;
    const apart: Head[] = [];
    for (const one of parents) {
      if (!await isAncestor(git, place, one.commit, next.commit)) apart.push(one);
    }
    if (apart.length === 0) tree = await treeOf(git, place, next.commit);
    else {
      const ours = parents.length === 1
        ? parents[0]!.commit
        : await merger.virtual(tree, ...parents.map(({ commit }) => commit));
      const merged = await merger.merged(ours, next.commit);
      if (merged.conflicts.length > 0 || merged.tree === "") {
        throw conflicting(task_id, parents, next, merged);
      }
      tree = merged.tree;
    }
    parents = [...apart, next];
  }
  return { tree, parents };
}

function conflicting(
  task_id: string,
  before: readonly Head[],
  { task_id: dependency }: Head,
  { conflicts, notes }: { conflicts: string[]; notes: string[] },
) {
  const what = conflicts.length > 0 ? firstNames(conflicts, NAMED_MAX) : notes[0];
  const others = before.map((one) => `'${one.task_id}'`).join(", ");
  const message = `The work of dependency '${dependency}' conflicts with that of ${others}: ${what}`;
  return changesConflict("conflict", conflicts, message, {
    task_id,
    dependency,
    notes: notes.slice(0, 50),
    todo: "Accept one of them, bring it into the other with update_workspace, and retry this task.",
  });
}

async function someAsync<T>(all: readonly T[], test: (one: T) => Promise<boolean>): Promise<boolean> {
  for (const one of all) if (await test(one)) return true;
  return false;
}

function distinct(heads: readonly Head[]): Head[] {
  return [...new Map(heads.map((one) => [`${one.task_id} ${one.commit}`, one])).values()];
}
