/** Opens a task's pull request, or brings an open one up to date: pushes the branch, then asks the forge. */
import { recordAction } from "../../store/audit/audited_action.ts";
import { type Clock, isoTime } from "../../clock/clock.ts";
import { nothingChanged, type OwnWorktree } from "../../domain/accepting.ts";
import type { Actor } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import type { ForgePlace, Forges, Remotes } from "../../domain/forge.ts";
import type { NamedProject } from "../../domain/project.ts";
import type { PullRequestFacts, StoredPullRequest } from "../../domain/pull_request.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { Store } from "../../store/open.ts";
import { taskAtRest } from "../found_task.ts";
import { OneAtATime } from "../one_at_a_time.ts";
import type { LastWork } from "../saved_work.ts";
import { requireWhole } from "../worktree_ends.ts";
import { forgePlace } from "./forge_place.ts";

/** The answer comes within 120 s. */
const WHOLE_MS = 110_000;
const TITLE_CHARACTERS = 200;

export interface PullRequestContext {
  clock: Clock;
  store: Store;
  remotes: Remotes;
  forges: Forges;
  projectOf(task: TaskRecord): NamedProject | undefined;
  /** Commits what is loose in a task's worktree. Throws, or says why it could not. */
  save(task: TaskRecord): Promise<LastWork>;
  /** Throws `CHANGES_CONFLICT` if the worktree has more than this commit. */
  requireSaved(worktree: OwnWorktree, head: string): Promise<void>;
}

export interface PullRequestRequest {
  task_id: string;
  title?: string;
  body?: string;
  draft?: boolean;
  remote?: string;
  into?: string;
}

const OPERATION = "open a pull request of";

export class PullRequestOpening {
  readonly #context: PullRequestContext;
  readonly #tasks = new OneAtATime();
  readonly #closing = new AbortController();

  constructor(context: PullRequestContext) {
    this.#context = context;
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
  }

  /**
   * Throws `TASK_NOT_FOUND`, `INVALID_FIELD_VALUE`, `CHANGES_CONFLICT` if the remote refuses the branch, and
   * `SERVICE_UNAVAILABLE` if the forge or its program cannot be used.
   */
  async create(request: PullRequestRequest, by: Actor): Promise<StoredPullRequest> {
    return await this.#tasks.in(
      request.task_id,
      () => this.#bounded((signal) => this.#create(request, by, signal)),
    );
  }

  async #bounded<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const bound = new AbortController();
    const timer = this.#context.clock.after(WHOLE_MS, () => bound.abort());
    try {
      return await work(AbortSignal.any([bound.signal, this.#closing.signal]));
    } finally {
      timer.cancel();
    }
  }

  async #create(request: PullRequestRequest, by: Actor, signal: AbortSignal): Promise<StoredPullRequest> {
    const { forges, remotes, save, requireSaved, projectOf, store } = this.#context;
    const { record: task, worktree } = taskAtRest(request.task_id, store.tasks, OPERATION);
    const open = task.state.pull_request?.state === "open" ? task.state.pull_request : undefined;
    const remote = remoteOf(request, open);
    const { common_dir } = worktree;
    const addresses = await remotes.addressesOf(common_dir, remote);
    const place = forgePlace(task.id, worktree.root, remote, addresses, projectOf(task));
    // Before anything is pushed: with the program missing, or without an account, nothing is.
    await forges.require(place.forge);
    if (open) await this.#requireOpen(place, open, signal);
    const { failure, workspace, left } = await save(task);
    if (failure !== undefined) throw unsaved(task, failure);
    requireWhole(workspace, left);
    const commit = await remotes.headOf(common_dir, worktree.branch);
    if (commit === undefined || commit === worktree.base_commit) throw nothingChanged(task, OPERATION);
    await requireSaved(worktree, commit);
    const order = { common_dir, remote, commit, branch: open?.branch ?? worktree.branch };
    const branch = open?.branch ?? await remotes.freeBranch(order, signal);
    const there = open ?? await forges.find(place, branch, signal);
    await recordAction();
    await remotes.push({ ...order, branch }, signal);
    const number = there?.number ??
      await this.#opened(task, worktree, request, place, remote, branch, signal);
    const url = typeof number === "string" ? number : there!.url;
    const known = there ?? factsOfUrl(url, request.draft ?? projectOf(task)?.pull_request?.draft ?? false);
    if (there) await this.#edit(place, there.number, request, signal);
    // It is open, whether the forge can say more of it now or not.
    const facts = await forges.look(place, known.number, signal).catch((error) => {
      if (error instanceof ApiError) return { ...known, head: commit };
      throw error;
    });
    return await this.#store(task.id, {
      ...facts,
      ...pickFeedback(open),
      looked_at: isoTime(this.#context.clock.now()),
      forge: place.forge,
      repository: place.repository,
      remote,
      branch,
      node: store.node.node,
      pushed: commit,
    }, by);
  }

  /** A merged or closed one takes nothing more. The follower finds out soon what that means for the task. */
  async #requireOpen(place: ForgePlace, open: StoredPullRequest, signal: AbortSignal): Promise<void> {
    const { state } = await this.#context.forges.look(place, open.number, signal);
    if (state === "open") return;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      open.url,
      "a task whose pull request is open, or that has none",
      `Pull request #${open.number} has been ${state}: ${open.url}`,
      { pull_request: { number: open.number, state } },
    );
  }

  async #opened(
    task: TaskRecord,
    { common_dir, base }: OwnWorktree,
    request: PullRequestRequest,
    place: ForgePlace,
    remote: string,
    branch: string,
    signal: AbortSignal,
  ): Promise<string> {
    const { forges, remotes, projectOf } = this.#context;
    const project = projectOf(task);
    let into = request.into;
    for (const name of [project?.base_branch, base]) {
      if (into === undefined && name !== undefined) {
        into = await remotes.remoteBranch(common_dir, remote, name);
      }
    }
    const { description } = task.spec;
    const draft = request.draft ?? project?.pull_request?.draft ?? false;
    const title = argument(request.title ?? titleOf(description));
    const body = argument(request.body ?? bodyOf(task.id, description, title));
    return await forges.create(place, { branch, title, body, draft, into }, signal);
  }

  async #edit(
    place: ForgePlace,
    number: number,
    { title, body }: PullRequestRequest,
    signal: AbortSignal,
  ): Promise<void> {
    if (title === undefined && body === undefined) return;
    await this.#context.forges.edit(place, number, {
      title: title && argument(title),
      body: body && argument(body),
    }, signal);
  }

  async #store(id: string, pull_request: StoredPullRequest, by: Actor): Promise<StoredPullRequest> {
    await this.#context.store.tasks.update((view) => {
      const task = view.get(id);
      return task ? { updates: [{ id, state: { ...task.state, pull_request } }] } : {};
    }, by);
    return pull_request;
  }
}

function remoteOf({ remote }: PullRequestRequest, open: StoredPullRequest | undefined): string {
  if (open === undefined) return remote ?? "origin";
  if (remote === undefined || remote === open.remote) return open.remote;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "remote",
    remote,
    open.remote,
    `The open pull request is on the remote '${open.remote}': ${open.url}`,
  );
}

function unsaved({ id }: TaskRecord, failure: string): ApiError {
  return new ApiError(
    "CHANGES_CONFLICT",
    `What is loose in the worktree of task '${id}' cannot be committed, so nothing was pushed: ${failure}`,
    { reason: "uncommitted", files: [] },
  );
}

/** What remains of an open one when it is pushed again: what was handed on, but nothing that waits for a person. */
function pickFeedback(open: StoredPullRequest | undefined): Pick<StoredPullRequest, "seen" | "rounds"> {
  return { seen: open?.seen, rounds: open?.rounds };
}

/** The text as a program takes it. */
function argument(text: string): string {
  return text.replaceAll("\0", "");
}

function titleOf(description: string): string {
  const [line = ""] = description.trim().split(/\r?\n/);
  return line.length <= TITLE_CHARACTERS ? line : `${line.slice(0, TITLE_CHARACTERS - 1)}…`;
}

function bodyOf(id: string, description: string, title: string): string {
  const rest = description.trim() === title ? "" : `${description.trim()}\n\n`;
  return `${rest}Task: ${id}`;
}

/** What the address of a new pull request says of it: its number, at the end. */
function factsOfUrl(url: string, draft: boolean): PullRequestFacts {
  const number = Number(/(\d+)\/?$/.exec(new URL(url).pathname)?.[1] ?? 0);
  return {
    id: String(number),
    number,
    url,
    state: "open",
    draft,
    head: "",
    checks: "none",
    review: "none",
    mergeable: "unknown",
  };
}
