/** What a working tree is in the middle of. It is never ended by this program. */
import { join } from "node:path";
import { exists } from "./file_facts.ts";

/** By the file that says so. */
export const OPERATIONS: readonly (readonly [string, string])[] = [
  ["MERGE_HEAD", "a merge"],
  ["rebase-merge", "a rebase"],
  ["rebase-apply", "a rebase, or patches that are applied"],
  ["CHERRY_PICK_HEAD", "a cherry-pick"],
  ["REVERT_HEAD", "a revert"],
  ["sequencer", "a series of cherry-picks or reverts"],
];

/** Of git, in its folder of the working tree. */
export const LOCKS = ["index.lock", "HEAD.lock"];

export interface UnderWay {
  /** In words. */
  what: string;
  /** What to do about it. */
  advice: string;
}

/** Undefined if nothing is. */
export async function underWay(
  git_dir: string,
  common_dir: string,
  branch: string,
): Promise<UnderWay | undefined> {
  for (const [name, what] of OPERATIONS) {
    if (await exists(join(git_dir, name))) {
      return { what: `${what} is not finished`, advice: "Finish or abort it" };
    }
  }
  const locks = [...LOCKS.map((name) => join(git_dir, name)), join(common_dir, `refs/heads/${branch}.lock`)];
  for (const lock of locks) {
    if (await exists(lock)) {
      const advice = `If no git is at work there, remove ${lock}`;
      return { what: "it is locked, by a git that is at work or has crashed", advice };
    }
  }
}
