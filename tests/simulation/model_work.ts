/**
 * What is promised of the work of tasks in worktrees: what an agent has written can be had until its owner has discarded it; what
 * was accepted is in the branch, once; what was discarded is not; nobody works where a worktree was taken away.
 */
import type { TaskState } from "../../src/domain/task_record.ts";
import type { SimRepository } from "./sim_repository.ts";
import type { SimTime } from "./sim_time.ts";

type Known = ReadonlyMap<string, { state: TaskState }>;

const FINISHED = ["completed", "failed", "cancelled"];

export class WorkModel {
  readonly #repository: SimRepository;
  readonly #time: SimTime;
  readonly #tasks: Known;
  readonly #retention_ms: number;
  readonly #fail: (message: string) => void;
  readonly #words = new Set<string>();
  /** What was discarded, and when it may go. */
  readonly #discarded = new Map<string, { task_id: string; words: ReadonlySet<string>; until_ms: number }>();

  constructor(
    repository: SimRepository,
    time: SimTime,
    tasks: Known,
    retention_ms: number,
    fail: (message: string) => void,
  ) {
    this.#repository = repository;
    this.#time = time;
    this.#tasks = tasks;
    this.#retention_ms = retention_ms;
    this.#fail = fail;
    repository.onWord = (_root, word) => this.#words.add(word);
    repository.onStray = (root, word) => fail(`${word} is written in ${root}, which was taken away`);
    repository.onRemoval = (what) => this.#removed(what);
  }

  /** A commit has changed a task. */
  changed(id: string, before: TaskState | undefined, { review, accepted, discarded, refs }: TaskState): void {
    if (review === before?.review) return;
    const { landed, main } = this.#repository;
    if (review === "accepted") {
      if (!accepted || !landed.some((one) => one.task_id === id && one.head === accepted.head)) {
        return this.#fail(`task ${id} is accepted, and its work is not in the branch`);
      }
      if (!this.#repository.isAncestor(accepted.commit, main)) {
        this.#fail(`task ${id} is accepted by a commit that is not in the branch`);
      }
    }
    if (review !== "discarded" || !discarded) return;
    const kept = this.#repository.refs.get(discarded.kept_as);
    if (kept === undefined || !refs?.includes(discarded.kept_as)) {
      return this.#fail(`task ${id} is discarded, and its work is not kept`);
    }
    // What has come from the branch is nobody's to discard.
    const words = this.#repository.wordsOf(kept).difference(this.#repository.wordsOf(main));
    this.#discarded.set(discarded.kept_as, {
      task_id: id,
      words,
      until_ms: Date.parse(discarded.at) + this.#retention_ms,
    });
  }

  /** A client was told so. */
  accepted(id: string, commit: string): void {
    const { main } = this.#repository;
    if (this.#repository.has(commit) && this.#repository.isAncestor(commit, main)) return;
    this.#fail(`task ${id} was accepted as ${commit}, which is not in the branch`);
  }

  /** A client was told so. */
  discarded(id: string, kept_as: string): void {
    const until_ms = this.#discarded.get(kept_as)?.until_ms ?? Infinity;
    if (this.#repository.refs.has(kept_as) || this.#time.latest_ms > until_ms) return;
    this.#fail(`task ${id} was discarded, and nothing is kept as ${kept_as}`);
  }

  #removed(what: string): void {
    const { words, refs } = this.#repository;
    const gone = new Set<string>();
    for (const [ref, { words: own, until_ms }] of this.#discarded) {
      if (refs.has(ref)) continue;
      if (this.#time.latest_ms < until_ms) this.#fail(`${what} are gone before the retention is over`);
      for (const word of own) gone.add(word);
    }
    for (const word of this.#words) {
      if (words.has(word)) continue;
      if (!gone.has(word)) this.#fail(`${what} has gone, and ${word} is lost`);
      this.#words.delete(word);
    }
  }

  /** Tasks that have ended and wait for a person. */
  get toJudge(): string[] {
    return [...this.#tasks].filter(([, { state }]) =>
      FINISHED.includes(state.status) && state.review === "to_review" && state.waiting === undefined
    ).map(([id]) => id);
  }

  /** Whether something that was begun with a task's work is not finished. */
  get isOpen(): boolean {
    return [...this.#tasks.values()].some(({ state }) =>
      state.ending !== undefined || state.leaving !== undefined
    );
  }

  /** All has come to rest, with no agent at work. */
  atRest(): void {
    const { landed, refs, trees } = this.#repository;
    const seen = new Set<string>();
    for (const { task_id, head } of landed) {
      if (seen.has(`${task_id} ${head}`)) this.#fail(`task ${task_id} was accepted twice`);
      seen.add(`${task_id} ${head}`);
    }
    for (const { task_id, words } of this.#discarded.values()) {
      // What others had built on it, and was accepted of them, may come back with the branch.
      const isTaken = landed.some((one) =>
        words.size > 0 && one.task_id === task_id && words.isSubsetOf(one.adds)
      );
      if (isTaken) this.#fail(`the work of task ${task_id} was accepted and discarded`);
    }
    const known = new Set<string>();
    for (const [id, { state: { ending, leaving, workspace, review = "none", status } }] of this.#tasks) {
      // What somebody has edited meanwhile keeps it from being finished.
      const isEdited = (trees.get(workspace?.root ?? "")?.loose.length ?? 0) > 0;
      if (ending && !isEdited) this.#fail(`task ${id}: what was begun with its work is not finished`);
      if (leaving) this.#fail(`task ${id} never hears that its agent is gone`);
      if (workspace?.kind !== "worktree" || !FINISHED.includes(status)) continue;
      known.add(workspace.root!);
      if (workspace.git_dir === undefined || review === "accepted") continue;
      const head = refs.get(`refs/heads/${workspace.branch}`);
      const recorded = workspace.head_commit ?? workspace.base_commit!;
      if (head === undefined) {
        // An unchanged one goes with its worktree, and the server may die before that is recorded.
        if (recorded !== workspace.base_commit) this.#fail(`task ${id} has lost its branch`);
      } else if (!this.#repository.isAncestor(recorded, head)) {
        this.#fail(`task ${id} has ${workspace.head_commit} on record, and ${head} on its branch`);
      }
      const base = this.#repository.wordsOf(workspace.base_commit!);
      const more = head === undefined
        ? []
        : [...this.#repository.wordsOf(head)].filter((word) => !base.has(word));
      const others = more.filter((word) => word.startsWith("main."));
      if (others.length > 0) this.#fail(`task ${id} has ${others} of the branch as changes of its own`);
      // Who edits by hand need not be asked.
      const isChanged = more.some((word) => !word.startsWith("hand."));
      if (isChanged && review === "none") this.#fail(`task ${id} has changed something, and nobody is asked`);
    }
    for (const [root, { loose }] of trees) {
      // What a person has edited in a worktree whose work was judged stays there, and is listed as an orphan once the task has
      // another one.
      const lost = known.has(root) ? [] : loose.filter((word) => !word.startsWith("hand."));
      if (lost.length > 0) this.#fail(`nobody knows of ${lost} in ${root}`);
    }
  }
}
