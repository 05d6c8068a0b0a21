/** What clients ask for the work of tasks in worktrees, and what persons do by hand in the repository meanwhile. */
import type { Model } from "./model.ts";
import type { Random } from "./random.ts";
import type { SimRepository } from "./sim_repository.ts";

type Message = Record<string, unknown> & { type: string };

export class WorkClients {
  readonly #random: Random;
  readonly #model: Model;
  readonly #repository: SimRepository;
  /** The share of judgements that only bring the base in. */
  readonly #updates: number;
  #words = 0;
  /** It was just cancelled, and its work is judged at once. */
  #hasty: string | undefined;

  constructor(random: Random, model: Model, repository: SimRepository, updates: number) {
    this.#updates = updates;
    this.#random = random;
    this.#model = model;
    this.#repository = repository;
  }

  /** How a new task is to work, `waits`: whether it depends on others. */
  execution(waits: boolean): Record<string, unknown> {
    const random = this.#random;
    return {
      isolation: "worktree",
      ...(waits && random.chance(0.3) ? { after: random.pick(["completed", "accepted"]) } : {}),
      ...(waits && random.chance(0.3) ? { inherit: random.pick(["changes", "none"]) } : {}),
    };
  }

  /** Undefined: there is nothing to judge. */
  wish(): Message | undefined {
    const random = this.#random;
    this.#byHand();
    const hasty = this.#hasty;
    this.#hasty = undefined;
    if (hasty !== undefined) return this.judge(hasty);
    const own = [...this.#model.tasks].filter(([, { spec }]) => spec.execution?.isolation === "worktree");
    if (own.length === 0) return undefined;
    const running = own.filter(([, { state }]) => state.status === "running");
    if (running.length > 0 && random.chance(0.2)) {
      this.#hasty = random.pick(running)[0];
      return { type: "cancel_task", task_id: this.#hasty };
    }
    const { toJudge } = this.#model.work;
    const task_id = toJudge.length > 0 && random.chance(0.7) ? random.pick(toJudge) : random.pick(own)[0];
    return this.judge(task_id);
  }

  judge(task_id: string): Message {
    const random = this.#random;
    if (random.chance(this.#updates)) return { type: "update_workspace", task_id };
    return random.chance(0.6)
      ? { type: "accept_changes", task_id, include_dependencies: random.chance(0.5) }
      : { type: "discard_changes", task_id };
  }

  /** Somebody commits to the branch, or edits in a worktree. */
  #byHand(): void {
    const random = this.#random;
    const number = ++this.#words;
    if (random.chance(0.1)) this.#repository.advance(`main.${number}`);
    // One that is half made, nobody knows of yet.
    const roots = [...this.#model.tasks.values()].flatMap(({ state: { workspace } }) =>
      workspace?.git_dir && this.#repository.trees.has(workspace.root!) ? [workspace.root!] : []
    );
    if (roots.length > 0 && random.chance(0.15)) {
      this.#repository.write(random.pick(roots), `hand.${number}`);
    }
  }
}
