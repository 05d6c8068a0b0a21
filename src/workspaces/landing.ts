/** Brings a task's work into a branch, and takes its worktree down. */

import type { OwnWorktree } from "../domain/accepting.ts";
import type { AcceptIntent } from "../domain/ending.ts";
import { beginnings, type Work } from "../domain/carried_work.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { changesConflict, type Landing, type LandingOrder, type LandingPlan } from "../domain/landing.ts";
import { moveBranch, settleMove } from "./branch_move.ts";
import { baseUpdate } from "./base_update.ts";
import { commitOf as commitNamed, isAncestor } from "./commits.ts";
import { madeCommit, withUpstream } from "./commit_sequence.ts";
import { filesWithMarks } from "./conflict_marks.ts";
import { exists } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { identityOf } from "./own_identity.ts";
import { TreeMerger } from "./merged_tree.ts";
import { leftLocks, locksAdvice } from "./left_locks.ts";
import { moveRefs, RefsBusy } from "./ref_transaction.ts";
import { looseFiles, requireSaved, takeDown } from "./take_down.ts";
import type { Obstacle } from "./working_trees.ts";

const HEADS = "refs/heads/";

/** `room`: a folder for temporary files. */
export function gitLanding(git: Git, room: string): Landing {
  const commitOf = (common_dir: string, name: string) => commitNamed(git, { git_dir: common_dir }, name);

  /** The branch that takes the work, and its commit. */
  async function target({ branch, base, common_dir }: OwnWorktree, into: string | undefined) {
    const name = (into ?? base ?? "").replace(/^refs\/heads\//, "");
    const refuse = (why: string) =>
      fieldProblem(
        "INVALID_FIELD_VALUE",
        "into",
        into,
        "an existing local branch",
        `The work cannot go ${why}`,
      );
    if (name === "") throw refuse("anywhere: it started from no branch, so 'into' must name one");
    if (name === branch) throw refuse(`into '${name}': that is the task's own branch`);
    const commit = await commitOf(common_dir, HEADS + name);
    if (commit !== undefined) return { name, commit };
    throw refuse(
      into === undefined
        ? `into '${name}', from which it started: that is no local branch. Name one with 'into'`
        : `into '${name}': there is no such local branch`,
    );
  }

  /** What of the dependencies is in the work, and not in the branch that takes it. */
  async function carriedAlong(
    { carried: { dependencies, inherited }, work }: LandingOrder,
    head: string,
    from: string,
  ) {
    const brought: LandingPlan["brought"] = [];
    const parts: string[] = [];
    for (const { task_id, worktree } of dependencies) {
      const place = { git_dir: worktree.common_dir };
      const own = await commitOf(worktree.common_dir, HEADS + worktree.branch);
      if (own === undefined || own === worktree.base_commit) continue;
      const common = await git.line(place, ["merge-base", own, head], { accepts: [1, 128] });
      if (common === "" || await isAncestor(git, place, common, worktree.base_commit)) continue;
      if (await isAncestor(git, place, common, from)) continue;
      if (common === own) brought.push({ task_id, head: own });
      else parts.push(task_id);
    }
    // What is on their branches no more: it was discarded, or its branch was rewritten.
    const place = { git_dir: work.worktree.common_dir };
    const named = new Set([...brought.map(({ task_id }) => task_id), ...parts]);
    for (const { task_id, commit } of inherited) {
      if (named.has(task_id) || !await isAncestor(git, place, commit, head)) continue;
      if (await isAncestor(git, place, commit, from)) continue;
      named.add(task_id);
      parts.push(task_id);
    }
    return { brought, parts };
  }

  async function freeRef(common_dir: string, prefix: string): Promise<string> {
    const taken = new Set(
      (await git.text({ git_dir: common_dir }, ["for-each-ref", "--format=%(refname)", `${prefix}*`]))
        .split("\n"),
    );
    // On some systems, names that differ in case are one file.
    const lower = new Set([...taken].map((name) => name.toLowerCase()));
    for (let n = 1;; n++) {
      const name = n === 1 ? prefix : `${prefix}-${n}`;
      if (!lower.has(name.toLowerCase())) return name;
    }
  }

  return {
    async plan(order: LandingOrder) {
      const { work, method, into, message, carried: { dependencies, taken } } = order;
      const { worktree } = work;
      const { common_dir, base_commit } = worktree;
      const place = { git_dir: common_dir };
      const { name, commit: from } = await target(worktree, into);
      const head = await commitOf(common_dir, HEADS + worktree.branch);
      if (head === undefined) throw gone(worktree);
      if (head === base_commit) return undefined;
      const along = await carriedAlong(order, head, from);
      const carries = along.brought.length + along.parts.length > 0;
      const merger = await TreeMerger.open(git, common_dir, from, room);
      try {
        const identity = await identityOf(git, place);
        const lacks = name === worktree.base ? worktree.upstream : undefined;
        const onto = await withUpstream(git, place, merger, {
          target: from,
          upstream: lacks,
          name,
          identity,
        });
        if ("conflicts" in onto) throw conflicting(work, name, onto);
        const made = await madeCommit(git, place, merger, {
          method,
          target: onto.commit,
          head,
          taken,
          starts: beginnings(base_commit, dependencies, carries),
          message,
          identity,
        });
        if ("conflicts" in made) throw conflicting(work, name, made);
        const hasMoved = !await isAncestor(git, place, from, head);
        return {
          into: name,
          from,
          to: made.commit,
          head,
          hasMoved,
          ...along,
        };
      } finally {
        await merger.close();
      }
    },

    async land({ common_dir, repository, into, from, to, brought }, task_id, begin) {
      const identity = await identityOf(git, { git_dir: common_dir });
      const besides = brought.map(({ kept_as, head }) => ({ ref: kept_as, from: undefined, to: head }));
      const reason = `opencode-agents: accept ${task_id}`;
      if (from === to) {
        await begin([]);
        await locked(() => moveRefs(git, { git_dir: common_dir }, besides, reason, identity));
        return true;
      }
      const move = { common_dir, repository, branch: into, from, to, besides, reason, identity };
      const end = await moveBranch(git, move, room, (trees) => begin(trees.map((tree) => ({ ...tree }))));
      if (end === "moved") return true;
      if (end === "overtaken") return false;
      throw uncommitted(into, end);
    },

    async bringIn(order) {
      const { worktree, task_id } = order;
      const { common_dir, base } = worktree;
      const refuse = (why: string) =>
        fieldProblem("INVALID_FIELD_VALUE", "task_id", task_id, "a task that started from a branch", why);
      if (base === undefined) throw refuse(`Task '${task_id}' started from a commit, which nothing comes to`);
      const commit = await commitOf(common_dir, HEADS + base) ?? await commitOf(common_dir, base);
      if (commit === undefined) throw refuse(`'${base}', from which task '${task_id}' started, is gone`);
      const head = await commitOf(common_dir, HEADS + worktree.branch);
      if (head === undefined) throw gone(worktree);
      return await baseUpdate(git, order, commit, head, room);
    },

    async moveOwn({ common_dir, repository, branch }, { from, to }, begin) {
      const identity = await identityOf(git, { git_dir: common_dir });
      const reason = "opencode-agents: bring in the base";
      const move = { common_dir, repository, branch, from, to, besides: [], reason, identity };
      const end = await moveBranch(git, move, room, (trees) => begin(trees.map((tree) => ({ ...tree }))));
      if (end === "moved") return true;
      if (end === "overtaken") return false;
      throw changesConflict("uncommitted", end.files, `The worktree cannot take the base: ${end.why}`);
    },

    async settleOwn({ common_dir, repository, branch }, { from, to, trees }) {
      const end = await settleMove(git, { common_dir, repository, branch, from, to }, trees, room);
      if (typeof end === "string") return end;
      throw changesConflict("uncommitted", end.files, `The worktree cannot take the base: ${end.why}`);
    },

    marked: ({ common_dir }, commit, files) => filesWithMarks(git, common_dir, commit, files),

    async settle(intent: AcceptIntent) {
      const { common_dir, repository, into, from, to, trees, brought } = intent;
      if (from === to) {
        const [first] = brought;
        return first && await commitOf(common_dir, first.kept_as) === undefined ? "undone" : "moved";
      }
      const end = await settleMove(git, { common_dir, repository, branch: into, from, to }, trees, room);
      if (typeof end === "string") return end;
      const refs = [HEADS + into, ...brought.map(({ kept_as }) => kept_as)];
      const locks = await leftLocks(common_dir, refs, trees);
      const advice = locksAdvice(locks);
      if (advice === undefined) throw uncommitted(into, end);
      throw changesConflict("uncommitted", end.files, `${end.why}. ${advice}`, { locks, todo: advice });
    },

    headOf: ({ common_dir, branch }) => commitOf(common_dir, HEADS + branch),

    freeRef,

    async keep(common_dir, ref, commit) {
      if (await commitOf(common_dir, ref) === commit) return;
      const identity = await identityOf(git, { git_dir: common_dir });
      await locked(() =>
        moveRefs(git, { git_dir: common_dir }, [{ ref, from: undefined, to: commit }], "kept", identity)
      );
    },

    async forget(common_dir, refs) {
      for (const ref of refs) {
        const commit = await commitOf(common_dir, ref);
        if (commit === undefined) continue;
        await locked(() =>
          moveRefs(git, { git_dir: common_dir }, [{ ref, from: commit, to: undefined }], "removed", {})
        );
      }
    },

    async hasWork(worktree) {
      const head = await commitOf(worktree.common_dir, HEADS + worktree.branch);
      if (head !== undefined && head !== worktree.base_commit) return true;
      return (await looseFiles(git, worktree)).length > 0;
    },

    requireSaved: (worktree, head) => requireSaved(git, worktree, head),

    takeDown: (worktree, head, first) => takeDown(git, worktree, head, first),

    async rename(common_dir, ref, prefix) {
      const commit = await commitOf(common_dir, ref);
      if (commit === undefined) return undefined;
      const name = await freeRef(common_dir, prefix);
      const identity = await identityOf(git, { git_dir: common_dir });
      const moves = [{ ref: name, from: undefined, to: commit }, { ref, from: commit, to: undefined }];
      await locked(() => moveRefs(git, { git_dir: common_dir }, moves, "kept", identity));
      return name;
    },

    hasRepository: (common_dir) => exists(common_dir),
  };
}

/** Somebody else's lock is no failure of ours. */
async function locked(carryOut: () => Promise<void>): Promise<void> {
  try {
    await carryOut();
  } catch (error) {
    if (error instanceof RefsBusy) {
      throw changesConflict("uncommitted", [], `git is at work there: ${error.message}`);
    }
    throw error;
  }
}

function uncommitted(into: string, { files, why }: Obstacle) {
  return changesConflict("uncommitted", files, `'${into}' cannot take the work: ${why}`, {
    todo: "Commit, stash or remove what is in the way, and accept again.",
  });
}

function conflicting(
  { task_id }: Work,
  into: string,
  { conflicts, notes }: { conflicts: string[]; notes: string[] },
) {
  const more = conflicts.length === 0 && notes.length > 0 ? `: ${notes[0]}` : "";
  const message = `The work of task '${task_id}' conflicts with '${into}'${more}`;
  return changesConflict("conflict", conflicts, message, {
    notes: notes.slice(0, 50),
    todo:
      "Bring the branch into the task's workspace with update_workspace, have the conflicts resolved, and accept again.",
  });
}

function gone({ branch, root }: OwnWorktree) {
  return changesConflict("conflict", [], `The task's branch '${branch}' is gone; its worktree was ${root}`);
}
