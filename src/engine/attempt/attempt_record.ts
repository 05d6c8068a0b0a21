/** Stores what an attempt writes under its lease: log entries, changes of the task's record, and its result. */
import { getLogger } from "@logtape/logtape";
import { isoTime } from "../../clock/clock.ts";
import type { AttemptEffect, AttemptResult } from "../../domain/attempt/effects.ts";
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import {
  changed,
  type EndedTurn,
  type RecordChange,
  type UsageReport,
} from "../../domain/attempt/record_change.ts";
import type { AttemptState } from "../../domain/attempt/state.ts";
import { withWorkspace } from "../../domain/attempt/work.ts";
import { withShareTold } from "../../domain/budget.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Lease } from "../../domain/lease.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { TurnEntry } from "../../domain/usage.ts";
import type { StoredWorkspace } from "../../domain/workspace.ts";
import { amend } from "../../store/queue.ts";
import { commitOwnTurn, commitTurn } from "./commit_turn.ts";
import type { RunContext } from "../run_context.ts";
import { commitAttemptEnd } from "./commit_end.ts";
import { entryOfTurn } from "./turn_usage.ts";

const log = getLogger(["opencode-agents", "engine"]);

export class AttemptRecord {
  readonly #context: RunContext;
  readonly #task_id: string;
  readonly #lease: Lease;
  readonly #emit: (event: AttemptEvent) => unknown;
  /** When the present turn began, in this attempt. */
  #turn_began: string;
  /** Whether it was said that the result is not stored: once, not at each try. */
  #isSaid = false;

  constructor(context: RunContext, task_id: string, lease: Lease, emit: (event: AttemptEvent) => unknown) {
    this.#context = context;
    this.#task_id = task_id;
    this.#lease = lease;
    this.#emit = emit;
    this.#turn_began = this.#now;
  }

  get #now(): string {
    return isoTime(this.#context.clock.now());
  }

  /** Returns a promise if the caller must wait before it appends more. */
  append(
    { level, message, source, details = {} }: Extract<AttemptEffect, { kind: "append" }>,
    { attempt, rules, working_dir }: AttemptState,
  ): void | Promise<void> {
    const task_id = this.#task_id;
    const context = { task_id, attempt, agent: rules.agent, working_dir };
    return this.#context.store.logs.append({ level, message, agent: task_id, source, details, context });
  }

  /** Writes a change. The end of a progress write is an event. For other changes, the agent waits for the promise. */
  write(change: RecordChange): void | Promise<void> {
    const written = this.#written(change).then(
      () => true,
      (error) => {
        // The next report makes up for a lost one. A result, in contrast, is tried again.
        log.warn("The {kind} of task {id} was not stored: {error}", {
          kind: change.kind,
          id: this.#task_id,
          error,
        });
        return false;
      },
    );
    if (change.kind !== "progress") return written.then(() => undefined);
    void written.then((isStored) => this.#emit({ kind: "progress_written", isStored }));
  }

  /** Stores where the task works. Throws if the task is not this attempt's any more. */
  async workspace(workspace: StoredWorkspace): Promise<void> {
    const isStored = await amend(
      this.#context.store.tasks,
      this.#task_id,
      this.#lease,
      (state) => withWorkspace(state, workspace, this.#task_id),
    );
    if (!isStored) throw new ApiError("SERVICE_UNAVAILABLE", "The task is no longer this attempt's", {});
  }

  #written(change: RecordChange): Promise<unknown> {
    const { tasks } = this.#context.store;
    if (change.kind !== "own_turn") {
      return amend(
        tasks,
        this.#task_id,
        this.#lease,
        (before, task) => {
          const state = changed(before, change, (report) => this.#entryOf(task, report));
          return withShareTold({ ...task, state }, this.#context.index.usedBelow(task.id));
        },
      );
    }
    return commitOwnTurn(this.#context, this.#task_id, this.#lease, this.#ended(change.ended));
  }

  #entryOf(task: TaskRecord, { attempt, turn, usage: told }: UsageReport): TurnEntry {
    const [started_at, ended_at] = [this.#turn_began, this.#now];
    return entryOfTurn(this.#context, task, { attempt, turn, told, started_at, ended_at });
  }

  /** What is stored of the turn, which is the last of those that this attempt has had. */
  #ended(ended: EndedTurn) {
    const started_at = this.#turn_began;
    this.#turn_began = this.#now;
    return { ...ended, attempt: this.#lease.attempt, started_at, ended_at: this.#turn_began };
  }

  /** Stores the turn and takes up the next message, after `ready`. The answer is an event. */
  commitTurn(ended: EndedTurn, ready: Promise<void>): void {
    const context = this.#context;
    const committed = async () => {
      await ready;
      // What was said in the turn is in the log before the next one begins.
      await context.store.logs.handOver();
      return await commitTurn(context, this.#task_id, this.#lease, this.#ended(ended));
    };
    committed().then(
      (next) => this.#emit({ kind: "turn_committed", next }),
      (error) => {
        log.warn("The next turn of task {id} could not begin in this attempt: {error}", {
          id: this.#task_id,
          error,
        });
        return this.#emit({ kind: "turn_committed" });
      },
    );
  }

  commitEnd(result: AttemptResult, ready: Promise<void>): void {
    const { store } = this.#context;
    ready.then(() => this.#commitEnd(result)).then(
      (isStored) => this.#emit({ kind: isStored ? "committed" : "to_be_checked" }),
      (error) => {
        this.#sayUnsaved(error, store.closed);
        this.#emit({ kind: "commit_failed", isStoreClosed: store.closed });
      },
    );
  }

  #sayUnsaved(error: unknown, isStoreClosed: boolean): void {
    const task_id = this.#task_id;
    if (isStoreClosed) {
      log.error("Result of task {task_id} not stored; the next start runs the task again", { task_id });
    } else if (!this.#isSaid) {
      log.error("Result of task {task_id} not stored yet, trying again: {error}", { task_id, error });
    }
    this.#isSaid = true;
  }

  async #commitEnd(result: AttemptResult): Promise<boolean> {
    // The attempt's log is stored with its end or before it, never after.
    await this.#context.store.logs.handOver();
    return await commitAttemptEnd(this.#context, this.#task_id, this.#lease, result, this.#turn_began);
  }
}
