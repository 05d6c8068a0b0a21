/**
 * Follows open pull requests: asks the forge every minute, hands feedback on, pushes what the agent made of it, and tells the
 * task how it ended. One follower for all tasks of this server, with a bound on how many it asks about at once.
 */
import { getLogger } from "@logtape/logtape";
import { epochOf, type Timer } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { isFollowed, type StoredPullRequest } from "../../domain/pull_request.ts";
import { type Follow, type LookOptions, PullRequestLook } from "./look.ts";

const log = getLogger(["opencode-agents", "engine"]);

const EVERY_MS = 60_000;
/** After failures the pause doubles up to this. */
const LONGEST_PAUSE_MS = 30 * 60_000;
const TICK_MS = 5_000;
const AT_ONCE = 4;
/** Several programs run in one look; each has a bound of its own. */
const LOOK_MAX_MS = 110_000;

export class PullRequestFollowing {
  readonly #options: LookOptions;
  readonly #one: PullRequestLook;
  readonly #follows = new Map<string, Follow>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #tick: Timer | undefined;

  constructor(options: LookOptions) {
    this.#options = options;
    this.#one = new PullRequestLook(options);
    options.store.changes.subscribe("task", (changes) => {
      for (const { before, after } of changes) this.#note((after ?? before)!.id, after?.state.pull_request);
    });
  }

  start(): void {
    const { store, clock } = this.#options;
    for (const { id, state } of store.tasks.values()) this.#note(id, state.pull_request);
    this.#tick = clock.every(TICK_MS, () => this.#begin());
    this.#begin();
  }

  async stop(): Promise<void> {
    this.#tick?.cancel();
    this.#closing.abort();
    await this.settled();
  }

  /** Resolves when no look is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  #note(id: string, pull: StoredPullRequest | undefined): void {
    // Each has one follower: the node that opened it, which has the worktree.
    const isOwn = pull?.node === this.#options.store.node.node;
    if (pull === undefined || !isOwn || !isFollowed(pull)) this.#follows.delete(id);
    else if (!this.#follows.has(id)) {
      // A new one was looked at when it was opened.
      const { clock } = this.#options;
      const age_ms = pull.looked_at === undefined ? Infinity : clock.now() - epochOf(pull.looked_at);
      const wait_ms = Math.min(EVERY_MS, Math.max(0, EVERY_MS - age_ms));
      this.#follows.set(id, { due_ms: clock.monotonic() + wait_ms, failures: 0 });
    }
  }

  #begin(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    const due = [...this.#follows].filter(([id, { due_ms }]) => due_ms <= now && !this.#underWay.has(id))
      .sort(([, a], [, b]) => a.due_ms - b.due_ms);
    for (const [id, follow] of due.slice(0, Math.max(0, AT_ONCE - this.#underWay.size))) {
      follow.due_ms = now + EVERY_MS;
      const look = this.#look(id, follow).finally(() => {
        this.#underWay.delete(id);
        if (!this.#closing.signal.aborted) this.#begin();
      });
      this.#underWay.set(id, look);
    }
  }

  /** Never rejects. */
  async #look(id: string, follow: Follow): Promise<void> {
    const { clock } = this.#options;
    const bound = new AbortController();
    const timer = clock.after(LOOK_MAX_MS, () => bound.abort());
    try {
      await this.#one.look(id, follow, AbortSignal.any([bound.signal, this.#closing.signal]));
      follow.failures = 0;
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      await this.#failed(id, follow, error as Error).catch((error) =>
        log.error("What became of the pull request of task {id} cannot be stored: {error}", { id, error })
      );
    } finally {
      timer.cancel();
    }
  }

  async #failed(id: string, follow: Follow, error: Error): Promise<void> {
    const { clock } = this.#options;
    if (!(error instanceof ApiError)) {
      log.error("The pull request of task {id} cannot be followed: {error}", { id, error });
    }
    follow.failures++;
    follow.due_ms = clock.monotonic() + Math.min(EVERY_MS * 2 ** follow.failures, LONGEST_PAUSE_MS);
    const problem = error.message.slice(0, 500);
    const isNew = this.#one.pullOf(id)?.problem !== problem;
    await this.#one.change(id, (pull) => ({ ...pull, problem }));
    if (isNew) this.#one.say(id, "warn", `The pull request cannot be followed now: ${problem}`);
  }
}
