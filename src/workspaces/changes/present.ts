/** The present state of a task's work: what is committed, and what is in its folder. */
import type { ComparedWork } from "../../domain/comparison.ts";
import type { Git, GitPlace } from "../git.ts";
import { treeOfFolder } from "./folder_tree.ts";
import type { PlainRepository } from "./plain_repository.ts";

export interface Present {
  head: string;
  /** A commit or a tree. */
  tree: string;
  uncommitted: boolean;
  /** Absent if it does not exist any more. */
  branch?: string;
}

export async function presentOf(git: Git, plain: PlainRepository, work: ComparedWork): Promise<Present> {
  const common = { git_dir: work.common_dir };
  const branch = work.branch !== undefined && await resolved(git, common, `refs/heads/${work.branch}`)
    ? work.branch
    : undefined;
  if (work.folder === undefined) return { head: work.head, tree: work.head, uncommitted: false, branch };
  const place = { ...work.folder, common_dir: work.common_dir };
  const head = await resolved(git, place, "HEAD") ?? work.head;
  const tree = await treeOfFolder(git, plain, place, head);
  const committed = await git.line(common, ["rev-parse", "--verify", `${head}^{tree}`]);
  return { head, tree, uncommitted: tree !== committed, branch };
}

/** The commit that a name stands for; undefined if there is none. */
export async function resolved(
  git: Git,
  place: GitPlace,
  name: string,
): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const { code, stdout } = await git.run(place, args, { accepts: [1] });
  return code === 0 ? new TextDecoder().decode(stdout).trim() : undefined;
}
