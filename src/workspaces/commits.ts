/** Asks for commits by what names them, and makes them. */
import type { Git, GitPlace } from "./git.ts";

/** git's exit code for what it cannot do, such as a folder outside any repository. */
export const FATAL = 128;

/** The commit that a name stands for; undefined if there is none. */
export async function commitOf(
  git: Git,
  place: GitPlace,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const found = await git.line(place, asked, { signal, accepts: [1, FATAL] });
  return found === "" ? undefined : found;
}

/** The commit that a reference has; undefined if it does not exist. Throws if the repository cannot be asked. */
export async function tipOf(
  git: Git,
  place: GitPlace,
  ref: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const found = await git.line(place, ["rev-parse", "--verify", "--quiet", ref], { signal, accepts: [1] });
  return found === "" ? undefined : found;
}

export function treeOf(git: Git, place: GitPlace, commit: string, signal?: AbortSignal): Promise<string> {
  return git.line(place, ["rev-parse", "--verify", "--quiet", `${commit}^{tree}`], { signal });
}

/** Whether `commit` is `of` or before it. A commit that is not there is before none. */
export async function isAncestor(git: Git, place: GitPlace, commit: string, of: string): Promise<boolean> {
  const asked = ["merge-base", "--is-ancestor", commit, of];
  return (await git.run(place, asked, { accepts: [1, FATAL] })).code === 0;
}

export function commitTree(
  git: Git,
  place: GitPlace,
  tree: string,
  parents: readonly string[],
  message: string,
  identity: Record<string, string>,
  signal?: AbortSignal,
): Promise<string> {
  const args = ["commit-tree", tree, ...parents.flatMap((one) => ["-p", one]), "-F", "-"];
  const config = ["i18n.commitEncoding=UTF-8"];
  return git.line(place, args, { stdin: message, env: identity, config, signal });
}
