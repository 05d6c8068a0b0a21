/** Locks that a git may have left that was killed while work was accepted. They are named, and never removed. */
import { join } from "node:path";
import { exists } from "./file_facts.ts";
import { LOCKS } from "./under_way.ts";
import type { WorkingTree } from "./working_trees.ts";

/** All that are there. `refs`: full names of the references that were to move. */
export async function leftLocks(
  common_dir: string,
  refs: readonly string[],
  trees: readonly WorkingTree[],
): Promise<string[]> {
  const possible = [
    ...trees.flatMap(({ git_dir }) => LOCKS.map((name) => join(git_dir, name))),
    ...refs.map((ref) => join(common_dir, `${ref}.lock`)),
    join(common_dir, "packed-refs.lock"),
  ];
  const there = await Promise.all(possible.map(exists));
  return possible.filter((_, i) => there[i]);
}

/** What a person is to do about them; undefined if there are none. */
export function locksAdvice(locks: readonly string[]): string | undefined {
  if (locks.length === 0) return undefined;
  const files = locks.map((path) => `'${path.replaceAll("'", `'\\''`)}'`).join(" ");
  return `If no git is at work there, one was killed, and its locks are left: rm ${files}`;
}
