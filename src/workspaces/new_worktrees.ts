/** Worktrees that an agent makes itself. They are its user's: they are named, and nothing here ever removes one. */
import { dirname, join } from "node:path";
import { exists, firstLine } from "./file_facts.ts";
import type { Note } from "./notes.ts";
import { linkedTrees, type WorkingTree } from "./working_trees.ts";
import { isMergedCheckout, isTaskBranch } from "./worktree_names.ts";

/** What git's lock of a worktree says until its files are there. */
const IN_THE_MAKING = "initializing";

/** In git's folder of a worktree beside those of tasks: an agent has made it. */
const FOREIGN = "opencode-agents-foreign";

interface FoundWorktree extends WorkingTree {
  branch?: string;
}

/** Those whose files are there. */
async function linkedWorktrees(common_dir: string): Promise<FoundWorktree[]> {
  const found: FoundWorktree[] = [];
  for (const tree of await linkedTrees(common_dir)) {
    if (await firstLine(join(tree.git_dir, "locked")) === IN_THE_MAKING) continue;
    const head = await firstLine(join(tree.git_dir, "HEAD"));
    const [, branch] = /^ref: refs\/heads\/(.*)$/.exec(head ?? "") ?? [];
    found.push({ ...tree, branch });
  }
  return found;
}

/** Those inside a folder, which would go with it. */
export async function worktreesInside(common_dir: string, root: string): Promise<string[]> {
  const all = await linkedWorktrees(common_dir);
  return all.map(({ path }) => path).filter((path) => path.startsWith(join(root, "/")));
}

/** Whether the worktree stands among those of tasks, but an agent has made it. */
export function isForeign(git_dir: string): Promise<boolean> {
  return exists(join(git_dir, FOREIGN));
}

/** Finds what has come since. */
export class NewWorktrees {
  readonly #common_dir: string;
  readonly #own: string;
  readonly #known: Set<string>;

  private constructor(common_dir: string, own: string, known: readonly FoundWorktree[]) {
    this.#common_dir = common_dir;
    this.#own = own;
    this.#known = new Set(known.map(({ path }) => path));
  }

  /** `own`: the folder of the server's worktrees. */
  static async before(common_dir: string, own: string): Promise<NewWorktrees> {
    return new NewWorktrees(common_dir, own, await linkedWorktrees(common_dir));
  }

  /** Whether it is another task's, or for checks. An agent in a worktree may make one beside it. */
  #isOwn({ path, branch }: FoundWorktree): boolean {
    return isMergedCheckout(path) || dirname(path) === this.#own && isTaskBranch(branch);
  }

  /** What is to be said of those that are new. Each is named once. */
  async found(): Promise<Note[]> {
    const all = await linkedWorktrees(this.#common_dir);
    const fresh = all.filter((one) => !this.#known.has(one.path) && !this.#isOwn(one));
    for (const { git_dir, path } of fresh) {
      this.#known.add(path);
      if (dirname(path) === this.#own) await Deno.writeTextFile(join(git_dir, FOREIGN), "");
    }
    return fresh.map(({ path, branch }) => ({
      level: "info",
      message: `A worktree was made during the turn, which is kept: ${path}${
        branch === undefined ? "" : `, on branch '${branch}'`
      }. What is in it is not part of the task's changes`,
      details: { worktree: path, branch },
    }));
  }
}
