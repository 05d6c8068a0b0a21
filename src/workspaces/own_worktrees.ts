/** Worktrees that an agent makes of its task's repository. They stay as they are, and the task's log names them. */
import { join } from "node:path";
import { firstLine } from "./file_facts.ts";
import type { Note } from "./notes.ts";
import { linkedTrees, type WorkingTree } from "./working_trees.ts";

/** Those of tasks have such a branch. */
const OF_TASKS = "ref: refs/heads/opencode-agents";
/** How many the log names. */
const NAMED_MAX = 20;

/** Names, once each, those that have come since it was made. */
export class OwnWorktrees {
  readonly #common_dir: string;
  readonly #known: Set<string>;

  private constructor(common_dir: string, known: Set<string>) {
    this.#common_dir = common_dir;
    this.#known = known;
  }

  static async since({ common_dir }: { common_dir: string }): Promise<OwnWorktrees> {
    const trees = await linkedTrees(common_dir);
    return new OwnWorktrees(common_dir, new Set(trees.map(({ git_dir }) => git_dir)));
  }

  async named(): Promise<Note[]> {
    const found: WorkingTree[] = [];
    for (const tree of await linkedTrees(this.#common_dir)) {
      if (this.#known.has(tree.git_dir)) continue;
      this.#known.add(tree.git_dir);
      if (!(await firstLine(join(tree.git_dir, "HEAD")))?.startsWith(OF_TASKS)) found.push(tree);
    }
    if (found.length === 0) return [];
    const paths = found.map(({ path }) => path).slice(0, NAMED_MAX);
    const message =
      `Worktrees have been made of the repository meanwhile. What is in them is not part of the task's ` +
      `branch, and stays there: ${paths.join(", ")}`;
    return [{ level: "warn", message, details: { worktrees: paths } }];
  }
}
