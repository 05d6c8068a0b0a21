/**
 * A repository with worktrees that outlives the program, and the program's way to it: what git does, each step after its time. A
 * crash leaves the steps that were done. A file is a word that is written once, so that it can be told whether it is lost.
 */
import type { OwnWorktree } from "../../src/domain/accepting.ts";
import { changesConflict, type Landing } from "../../src/domain/landing.ts";
import type { Workspaces, WorkspaceTask } from "../../src/domain/task_workspaces.ts";
import type { SavedWork, StoredWorkspace } from "../../src/domain/workspace.ts";
import type { Random } from "./random.ts";
import type { OwnedClock } from "./sim_time.ts";

const COMMON_DIR = "/repository/.git";
const MAIN = "refs/heads/main";
const STEP_MS = 40;

interface SimCommit {
  parents: string[];
  words: ReadonlySet<string>;
}

interface SimTree {
  branch: string;
  /** What is not committed. */
  loose: string[];
}

/** The work of one task that has come into the branch. */
export interface Landed {
  task_id: string;
  head: string;
  /** What the branch did not have before. */
  adds: ReadonlySet<string>;
}

export class SimRepository {
  readonly refs = new Map<string, string>();
  readonly trees = new Map<string, SimTree>();
  readonly landed: Landed[] = [];
  readonly #commits = new Map<string, SimCommit>();
  /** Called when something is written where no worktree is any more. */
  onStray: (root: string, word: string) => void = () => {};
  /** Called after something was removed. */
  onRemoval: (what: string) => void = () => {};
  /** Called with each word that is written. */
  onWord: (root: string, word: string) => void = () => {};

  constructor() {
    this.refs.set(MAIN, this.commit([], []));
  }

  commit(parents: string[], words: Iterable<string>): string {
    const id = `c${this.#commits.size + 1}`;
    this.#commits.set(id, { parents, words: new Set(words) });
    return id;
  }

  wordsOf(commit: string): ReadonlySet<string> {
    return this.#commits.get(commit)!.words;
  }

  has(commit: string | undefined): commit is string {
    return commit !== undefined && this.#commits.has(commit);
  }

  isAncestor(a: string, b: string): boolean {
    return a === b || this.#commits.get(b)!.parents.some((parent) => this.isAncestor(a, parent));
  }

  get main(): string {
    return this.refs.get(MAIN)!;
  }

  /** Somebody works in a folder below. */
  write(root: string, word: string): void {
    const tree = this.trees.get(root);
    if (!tree) return this.onStray(root, word);
    tree.loose.push(word);
    this.onWord(root, word);
  }

  /** A person commits to the branch. */
  advance(word: string): void {
    this.refs.set(MAIN, this.commit([this.main], [...this.wordsOf(this.main), word]));
  }

  /** Everything that can still be had. */
  get words(): Set<string> {
    const all = new Set<string>();
    for (const { loose } of this.trees.values()) for (const word of loose) all.add(word);
    for (const commit of this.refs.values()) for (const word of this.wordsOf(commit)) all.add(word);
    return all;
  }
}

/** The program's way to it, for one life. `workspaces` and `landing` are as their real ones, for a plant to tamper with. */
export class SimGit {
  readonly repository: SimRepository;
  workspaces: Workspaces;
  landing: Landing;
  readonly #clock: OwnedClock;
  readonly #random: Random;

  constructor(repository: SimRepository, clock: OwnedClock, random: Random) {
    this.repository = repository;
    this.#clock = clock;
    this.#random = random;
    this.workspaces = this.#workspaces();
    this.landing = this.#landing();
  }

  /** Takes its time; after a crash it never comes back. */
  async #step(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.after(this.#random.between(0, STEP_MS), resolve));
  }

  #workspaces(): Workspaces {
    return {
      open: async (task, record, signal) => {
        if (task.isolation === "none") {
          return { working_dir: task.working_dir, hasWork: false, save: () => Promise.resolve({}) };
        }
        let known: StoredWorkspace = await this.#opened(task, record, signal);
        await record(known);
        return {
          working_dir: known.path,
          hasWork: true,
          save: async (isOver, ending) => {
            const work = await this.#saved(known, isOver, ending);
            known = work.workspace ?? known;
            if (!isOver) known = { ...known, unsaved: true };
            return { ...work, workspace: known };
          },
        };
      },
      save: (task, signal) => this.#saved(task.known!, false, signal),
    };
  }

  async #opened(
    task: WorkspaceTask,
    record: (workspace: StoredWorkspace) => Promise<void>,
    signal: AbortSignal,
  ): Promise<StoredWorkspace> {
    const { refs, trees } = this.repository;
    const { known } = task;
    await this.#step();
    signal.throwIfAborted();
    if (known?.git_dir !== undefined && trees.has(known.root!)) {
      const { workspace } = await this.#saved(known, false, signal);
      return { ...workspace!, unsaved: true };
    }
    const isHalf = known?.root !== undefined && known.git_dir === undefined;
    const intent = isHalf || known?.git_dir !== undefined
      ? { ...known, git_dir: undefined, unsaved: true }
      : this.#planned(task);
    if (isHalf) this.#unmade(intent);
    await record(intent);
    await this.#step();
    signal.throwIfAborted();
    const ref = `refs/heads/${intent.branch}`;
    if (!refs.has(ref)) refs.set(ref, intent.base_commit!);
    await this.#step();
    trees.set(intent.root!, { branch: ref, loose: [] });
    return { ...intent, git_dir: `${intent.root}/.git` };
  }

  #planned({ id, inherits = [] }: WorkspaceTask): StoredWorkspace {
    const { repository } = this;
    const { refs, trees, main } = repository;
    const inherited = inherits.flatMap(({ task_id, commits = [] }) => {
      const commit = commits.map((name) => refs.get(name) ?? name).find((one) => repository.has(one));
      return commit === undefined || repository.isAncestor(commit, main) ? [] : [{ task_id, commit }];
    });
    const parents = [main, ...inherited.map(({ commit }) => commit)];
    const base_commit = parents.length === 1
      ? main
      : repository.commit(parents, parents.flatMap((commit) => [...repository.wordsOf(commit)]));
    let n = 1;
    const name = () => n === 1 ? id : `${id}-${n}`;
    while (refs.has(`refs/heads/opencode-agents/${name()}`) || trees.has(`/worktrees/${name()}`)) n++;
    const root = `/worktrees/${name()}`;
    return {
      kind: "worktree",
      path: root,
      root,
      repository: "/repository",
      common_dir: COMMON_DIR,
      branch: `opencode-agents/${name()}`,
      base: "main",
      base_commit,
      ...(inherited.length > 0 ? { inherited } : {}),
      unsaved: true,
    };
  }

  /** Removes what a crash has left half made: nobody has worked in it. */
  #unmade({ root, branch, base_commit }: StoredWorkspace): void {
    const { refs, trees } = this.repository;
    const ref = `refs/heads/${branch}`;
    if (trees.delete(root!)) this.repository.onRemoval(`the half-made worktree ${root}`);
    if (refs.get(ref) === base_commit) refs.delete(ref);
  }

  async #saved(known: StoredWorkspace, isOver: boolean, signal?: AbortSignal): Promise<SavedWork> {
    if (known.git_dir === undefined) return { workspace: { ...known, unsaved: undefined } };
    const { repository } = this;
    const { refs, trees } = repository;
    await this.#step();
    if (signal?.aborted) return { workspace: { ...known, unsaved: true }, failure: "it was ended" };
    const ref = `refs/heads/${known.branch}`;
    const tree = trees.get(known.root!);
    let head = refs.get(ref) ?? known.head_commit ?? known.base_commit!;
    if (tree && tree.loose.length > 0) {
      head = repository.commit([head], [...repository.wordsOf(head), ...tree.loose]);
      refs.set(ref, head);
      tree.loose = [];
    }
    const base = repository.wordsOf(known.base_commit!);
    const files = [...repository.wordsOf(head)].filter((word) => !base.has(word)).length;
    const changes = { files, additions: files, deletions: 0, commits: head === known.base_commit ? 0 : 1 };
    const workspace = { ...known, head_commit: head, unsaved: undefined };
    if (!isOver || head !== known.base_commit || !tree) return { workspace, changes };
    await this.#step();
    // Somebody has been at work in it meanwhile.
    if (tree.loose.length > 0) return { workspace: { ...workspace, unsaved: true }, changes };
    trees.delete(known.root!);
    refs.delete(ref);
    repository.onRemoval(`the unchanged worktree ${known.root}`);
    return { workspace: { ...workspace, git_dir: undefined }, changes };
  }

  #landing(): Landing {
    const { repository } = this;
    const { refs, trees } = repository;
    const step = () => this.#step();
    const headOf = ({ branch }: OwnWorktree) => refs.get(`refs/heads/${branch}`);
    const looseIn = ({ root }: OwnWorktree) => trees.get(root)?.loose ?? [];
    const free = (prefix: string) => {
      for (let n = 1;; n++) {
        const name = n === 1 ? prefix : `${prefix}-${n}`;
        if (!refs.has(name)) return name;
      }
    };
    const requireSaved = (worktree: OwnWorktree, head: string | undefined) => {
      const loose = looseIn(worktree);
      if (loose.length > 0) throw changesConflict("uncommitted", loose, "It is not committed");
      if (headOf(worktree) !== head) throw changesConflict("uncommitted", [], "The branch has moved");
    };
    return {
      async plan({ work: { worktree }, carried: { dependencies, inherited } }) {
        await step();
        const head = headOf(worktree);
        if (head === undefined) throw changesConflict("uncommitted", [], "The branch is gone");
        const from = repository.main;
        const [before, own] = [repository.wordsOf(from), repository.wordsOf(head)];
        if (own.size === repository.wordsOf(worktree.base_commit).size) return undefined;
        const isNew = [...own].some((word) => !before.has(word));
        const to = isNew ? repository.commit([from], [...before, ...own]) : from;
        const isCarried = (commit: string | undefined) =>
          commit !== undefined && repository.isAncestor(commit, head) && !repository.isAncestor(commit, from);
        const brought = dependencies.flatMap((one) => {
          const theirs = headOf(one.worktree);
          if (theirs === one.worktree.base_commit || !isCarried(theirs)) return [];
          return [{ task_id: one.task_id, head: theirs! }];
        });
        const named = brought.map(({ task_id }) => task_id);
        const parts = inherited.filter(({ task_id, commit }) =>
          !named.includes(task_id) && isCarried(commit)
        );
        const hasMoved = !repository.isAncestor(from, head);
        return {
          into: "main",
          from,
          to,
          head,
          hasMoved,
          brought,
          parts: [...new Set(parts.map(({ task_id }) => task_id))],
        };
      },
      async land({ from, to, brought }, _id, begin) {
        await step();
        if (repository.main !== from) return false;
        await begin([]);
        await step();
        if (repository.main !== from) return false;
        refs.set(MAIN, to);
        for (const { task_id, head, kept_as } of brought) {
          refs.set(kept_as, head);
          const adds = repository.wordsOf(head).difference(repository.wordsOf(from));
          repository.landed.push({ task_id, head, adds });
        }
        await step();
        return true;
      },
      async settle({ brought: [own] }) {
        await step();
        return own && refs.get(own.kept_as) === own.head ? "moved" : "undone";
      },
      async bringIn({ worktree }) {
        await step();
        const from = headOf(worktree) ?? worktree.base_commit;
        const base = repository.main;
        if (repository.isAncestor(base, from)) {
          return { base, brought: base, from, to: from, conflicts: [], notes: [] };
        }
        const words = [...repository.wordsOf(from), ...repository.wordsOf(base)];
        const to = repository.commit([from, base], words);
        return { base, brought: base, from, to, conflicts: [], notes: [] };
      },
      async moveOwn(worktree, { from, to }, begin) {
        await step();
        await begin([]);
        await step();
        if (headOf(worktree) !== from) return false;
        refs.set(`refs/heads/${worktree.branch}`, to);
        return true;
      },
      async settleOwn(worktree, { to }) {
        await step();
        const head = headOf(worktree);
        return head !== undefined && repository.isAncestor(to, head) ? "moved" : "undone";
      },
      marked: () => Promise.resolve([]),
      async headOf(worktree) {
        await step();
        return headOf(worktree);
      },
      async freeRef(_dir, prefix) {
        await step();
        return free(prefix);
      },
      async keep(_dir, ref, commit) {
        await step();
        const there = refs.get(ref);
        if (there !== undefined && there !== commit) throw new Error(`${ref} is another commit`);
        refs.set(ref, commit);
      },
      async forget(_dir, names) {
        await step();
        for (const name of names) refs.delete(name);
        repository.onRemoval(`the references ${names.join(", ")}`);
      },
      hasWork: (worktree) =>
        Promise.resolve(looseIn(worktree).length > 0 || headOf(worktree) !== worktree.base_commit),
      async requireSaved(worktree, head) {
        await step();
        requireSaved(worktree, head);
      },
      async takeDown(worktree, head, first) {
        await step();
        const ref = `refs/heads/${worktree.branch}`;
        if (trees.has(worktree.root)) {
          requireSaved(worktree, head);
          await first?.([]);
          await step();
          requireSaved(worktree, head);
          trees.delete(worktree.root);
          repository.onRemoval(`the worktree ${worktree.root}`);
          await step();
        }
        if (refs.get(ref) !== head) return;
        refs.delete(ref);
        repository.onRemoval(`the branch ${worktree.branch}`);
      },
      async rename(_dir, ref, prefix) {
        await step();
        const commit = refs.get(ref);
        if (commit === undefined) return undefined;
        const name = free(prefix);
        refs.set(name, commit);
        refs.delete(ref);
        return name;
      },
      hasRepository: () => Promise.resolve(true),
    };
  }
}
