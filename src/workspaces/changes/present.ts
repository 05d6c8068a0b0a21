/** The present state of a task's work: what is committed, and what is in its folder. */
import type { ComparedWork } from "../../domain/comparison.ts";
import type { Git, TreePlace } from "../git.ts";
import { treeOfFiles } from "../tree_of_files.ts";
import { adaptedGit } from "./adapted_git.ts";
import type { PlainRepository } from "./plain_repository.ts";

export interface Present {
  head: string;
  /** A commit or a tree. */
  tree: string;
  uncommitted: boolean;
  /** Repositories inside that are no submodules. What is in them is not in the tree. */
  nested: string[];
  /** Absent if it does not exist any more. */
  branch?: string;
  /** The commit that the work is to come into: the end of its base, if that is a branch. */
  target: string;
}

/** `apart`: a folder whose files do not count. */
export async function presentOf(
  git: Git,
  plain: PlainRepository,
  work: ComparedWork,
  apart: string,
): Promise<Present> {
  const { folder, common_dir } = work;
  const place = folder && { ...folder, common_dir };
  const [branches, head, files] = await Promise.all([
    branchesOf(git, work),
    place && headOf(git, place),
    place && filesOf(git, plain, place, work.head, apart),
  ]);
  const { commit = work.head, tree: committed } = head ?? {};
  const { nested = [] } = files ?? {};
  const tree = files?.left?.tree ?? files?.tree;
  return {
    head: commit,
    tree: tree === undefined || tree === committed ? commit : tree,
    uncommitted: tree !== undefined && tree !== committed,
    nested,
    branch: work.branch !== undefined && branches.has(work.branch) ? work.branch : undefined,
    target: (work.base === undefined ? undefined : branches.get(work.base)) ??
      work.start_head ?? work.base_commit,
  };
}

/** Objects that are removed at once need not survive a power cut, nor be small, nor have a file each: they share one. */
const SHORT_LIVED = ["core.fsync=none", "core.compression=0", "core.bigFileThreshold=1"];

/** The files as they are now. The repository and the index stay as they are. */
function filesOf(git: Git, plain: PlainRepository, place: TreePlace, head: string, apart: string) {
  const writing = adaptedGit(git, (options) => ({
    ...options,
    env: { ...options.env, ...plain.writingHere },
    config: [...options.config ?? [], ...SHORT_LIVED],
  }));
  return treeOfFiles(writing, place, plain.folder, head, undefined, { apart });
}

/** The commits of the task's branch and of its base, as far as they are branches. */
async function branchesOf(
  git: Git,
  { common_dir, branch, base }: ComparedWork,
): Promise<Map<string, string>> {
  const names = [branch, base].filter((name) => name !== undefined);
  if (names.length === 0) return new Map();
  const prefix = "refs/heads/";
  const asked = ["for-each-ref", "--format=%(objectname) %(refname)", ...names.map((name) => prefix + name)];
  const lines = (await git.text({ git_dir: common_dir }, asked)).split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => {
    const [commit = "", ...name] = line.split(" ");
    return [name.join(" ").slice(prefix.length), commit];
  }));
}

/** What is checked out; undefined where nothing has been committed. */
async function headOf(git: Git, place: TreePlace) {
  const asked = ["rev-parse", "--end-of-options", "HEAD^{commit}", "HEAD^{tree}"];
  const { code, stdout } = await git.run(place, asked, { accepts: [1, 128] });
  if (code !== 0) return undefined;
  const [commit, tree] = new TextDecoder().decode(stdout).split("\n").filter((line) =>
    !line.startsWith("--")
  );
  return { commit, tree };
}
