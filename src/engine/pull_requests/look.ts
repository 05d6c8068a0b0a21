/** One look at an open pull request: what is new is stored, handed on, pushed, or ends the task. */
import { epochOf, isoTime } from "../../clock/clock.ts";
import { isOwnWorktree, requireAtRest } from "../../domain/accepting.ts";
import { SERVER } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import type { ForgePlace } from "../../domain/forge.ts";
import type { Feedback, PullRequestFacts, StoredPullRequest } from "../../domain/pull_request.ts";
import { feedbackMessage } from "../../domain/pull_request.ts";
import { forPerson, isForAgent, newsOf, sentToAgent, type Unsaid } from "../../domain/pull_request_news.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { isJudged } from "../../domain/task_values.ts";
import { counted } from "../../protocol/formats.ts";
import type { NewEntry } from "../../store/log_line.ts";
import type { Said } from "../talk.ts";
import type { PullRequestContext } from "./opening.ts";

/** The time of the last look is stored at most this often, unless something else has changed. */
const STAMP_MS = 10 * 60_000;

export interface LookOptions extends PullRequestContext {
  /** Sends a message to the task's agent. Throws `ApiError` if it takes none. */
  say(task_id: string, said: Pick<Said, "text" | "source" | "also">): Promise<unknown>;
  /** Clears the worktree of a task whose work up to one of these commits was merged. Returns where what is beyond is kept. */
  merged(task_id: string, heads: readonly string[]): Promise<string | undefined>;
  discard(task_id: string): Promise<unknown>;
  /** Writes to the task's log. */
  tell(entry: NewEntry): void;
}

/** What is known from one look to the next. */
export interface Follow {
  /** When it is looked at again, on the monotonic clock. */
  due_ms: number;
  failures: number;
  unsaid?: Unsaid;
}

export class PullRequestLook {
  readonly #options: LookOptions;

  constructor(options: LookOptions) {
    this.#options = options;
  }

  /** Throws what the forge, git or the store says. */
  async look(id: string, follow: Follow, signal: AbortSignal): Promise<void> {
    const { forges } = this.#options;
    const task = this.#options.store.tasks.get(id);
    const pull = task?.state.pull_request;
    if (!task || !pull) return;
    if (pull.state !== "open") return await this.#settle(task, pull);
    const place = placeOf(task, pull);
    const facts = await forges.look(place, pull.number, signal);
    if (isOther(pull, facts)) {
      throw new ApiError("SERVICE_UNAVAILABLE", `Another pull request has the number ${pull.number} now`);
    }
    const now = await this.#noted(id, facts);
    if (now === undefined) return;
    if (now.state !== "open") return await this.#settle(task, now);
    await this.#push(id, signal);
    await this.#feedback(id, follow, place, facts, signal);
  }

  /** Stores what the forge has said, if it is news. Returns what is stored. */
  async #noted(id: string, facts: PullRequestFacts): Promise<StoredPullRequest | undefined> {
    const now_ms = this.#options.clock.now();
    await this.change(id, (pull) => {
      const isNews = (Object.keys(facts) as (keyof PullRequestFacts)[]).some((key) =>
        facts[key] !== pull[key]
      );
      const age_ms = now_ms - epochOf(pull.looked_at ?? "1970-01-01T00:00:00Z");
      if (!isNews && pull.problem === undefined && age_ms < STAMP_MS) return pull;
      return { ...pull, ...facts, problem: undefined, looked_at: isoTime(now_ms) };
    });
    return this.pullOf(id);
  }

  /** A task that works on is told when it has come to rest. */
  async #settle(task: TaskRecord, pull: StoredPullRequest): Promise<void> {
    const { id } = task;
    if (!isAtRest(task)) return;
    const { review, workspace } = task.state;
    if (!isJudged(review) && isOwnWorktree(workspace)) {
      if (pull.state === "merged") {
        const beyond = await this.#options.merged(id, [pull.pushed, pull.head]);
        if (beyond !== undefined) {
          this.say(
            id,
            "warn",
            `There was more work than pull request #${pull.number} had: it is kept as ${beyond}`,
          );
        }
      } else await this.#options.discard(id);
    }
    await this.change(id, (now) => ({ ...now, settled: true, problem: undefined }));
    this.say(id, "info", `Pull request #${pull.number} was ${pull.state}: ${pull.url}`);
  }

  /** What the agent has made of feedback goes to the same pull request. */
  async #push(id: string, signal: AbortSignal): Promise<void> {
    const { store, remotes } = this.#options;
    const task = store.tasks.get(id);
    const pull = task?.state.pull_request;
    if (!task || !pull?.answering || !isAtRest(task)) return;
    const { workspace, status } = task.state;
    let pushed = pull.pushed;
    if (status === "completed" && isOwnWorktree(workspace)) {
      const { common_dir } = workspace;
      const commit = await remotes.headOf(common_dir, workspace.branch);
      if (commit !== undefined && commit !== pushed) {
        await remotes.push({ common_dir, remote: pull.remote, commit, branch: pull.branch }, signal);
        this.say(id, "info", `What the agent made of the feedback is on pull request #${pull.number} now`);
        pushed = commit;
      }
    }
    await this.change(id, (now) => ({ ...now, pushed, answering: undefined }));
  }

  async #feedback(
    id: string,
    follow: Follow,
    place: ForgePlace,
    facts: PullRequestFacts,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, forges, projectOf, clock } = this.#options;
    const task = store.tasks.get(id);
    const pull = task?.state.pull_request;
    const wishes = task && projectOf(task)?.pull_request;
    if (!task || !pull || !wishes || wishes.feedback === "off") return;
    // What it makes of the last feedback comes first.
    if (pull.answering) return;
    const items = await forges.feedback(place, facts, signal);
    const news = newsOf(items, pull, follow.unsaid, clock.monotonic());
    follow.unsaid = news.unsaid;
    if (news.wait_ms > 0) follow.due_ms = clock.monotonic() + news.wait_ms;
    if (!news.isDue) return;
    const isSent = isForAgent(pull, wishes) && await this.#send(id, pull, news.fresh);
    if (!isSent) await this.change(id, (now, { turn }) => forPerson(now, news.fresh, turn));
    follow.unsaid = undefined;
    const whom = isSent ? "has gone to the agent" : "waits for a person";
    this.say(
      id,
      isSent ? "info" : "warn",
      `Feedback on pull request #${pull.number} ${whom}: ${wordsOf(news.fresh)}`,
    );
  }

  /** Sends feedback to the agent and remembers it, in one commit. False: the agent takes no message now. */
  async #send(id: string, { number, url }: StoredPullRequest, fresh: readonly Feedback[]): Promise<boolean> {
    const source = fresh.every(({ kind }) => kind === "check") ? "check" : "review";
    const also = (state: TaskRecord["state"]) => ({
      ...state,
      pull_request: state.pull_request && sentToAgent(state.pull_request, fresh),
    });
    try {
      await this.#options.say(id, { text: feedbackMessage({ number, url }, fresh), source, also });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === "SERVICE_UNAVAILABLE") throw error;
      this.say(id, "warn", `Feedback cannot go to the agent: ${error.message}`);
      return false;
    }
  }

  pullOf(id: string): StoredPullRequest | undefined {
    return this.#options.store.tasks.get(id)?.state.pull_request;
  }

  async change(
    id: string,
    change: (pull: StoredPullRequest, state: TaskRecord["state"]) => StoredPullRequest,
  ): Promise<void> {
    await this.#options.store.tasks.update((view) => {
      const task = view.get(id);
      const pull = task?.state.pull_request;
      if (!task || !pull) return {};
      const pull_request = change(pull, task.state);
      return pull_request === pull ? {} : { updates: [{ id, state: { ...task.state, pull_request } }] };
    }, SERVER);
  }

  /** In the task's log. */
  say(id: string, level: NewEntry["level"], message: string): void {
    this.#options.tell({ level, message, agent: id, source: "pull_request", context: { task_id: id } });
  }
}

/** The forge's program works in the worktree, or in the repository when that is gone. */
function placeOf({ state }: TaskRecord, { forge, repository }: StoredPullRequest): ForgePlace {
  const { workspace } = state;
  return { forge, repository, folder: workspace?.root ?? workspace?.path ?? "/" };
}

/** The number belongs to another one, such as after a repository was deleted and made again. */
function isOther(pull: StoredPullRequest, facts: PullRequestFacts): boolean {
  // Of one that could not be looked at when it was opened, only the number is known.
  return pull.id !== facts.id && pull.id !== String(pull.number);
}

function isAtRest(task: TaskRecord): boolean {
  try {
    requireAtRest(task, "follow");
    return true;
  } catch {
    return false;
  }
}

function wordsOf(fresh: readonly Feedback[]): string {
  const checks = fresh.filter(({ kind }) => kind === "check").length;
  const comments = fresh.length - checks;
  return [
    ...checks > 0 ? [counted(checks, "failed check")] : [],
    ...comments > 0 ? [counted(comments, "comment")] : [],
  ].join(" and ");
}
