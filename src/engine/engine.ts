/** The engine: recovers tasks, starts and follows them, and releases them when the server stops. */
import { getLogger } from "@logtape/logtape";
import { type Timer, within } from "../clock/clock.ts";
import { SERVER } from "../domain/actor.ts";
import type { ApiError } from "../domain/errors.ts";
import {
  holdsSlot,
  progressDiffers,
  type TaskRecord,
  type TaskSpec,
  type TaskState,
} from "../domain/task_record.ts";
import type { LogRetention } from "../store/log_retention.ts";
import type { Change } from "../store/record_memory.ts";
import { messageOf } from "./conversation.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Membership } from "./membership.ts";
import { changedFields, changedMessages, newlyWaiting } from "./record_news.ts";
import { failOverdue } from "./overdue_waits.ts";
import { recoverLost, releaseOwn } from "./recovery.ts";
import { startRetention } from "./retention.ts";
import type { CheckOptions } from "./task_checks.ts";
import { TaskCommands } from "./task_commands.ts";
import { TaskQueries } from "./task_queries.ts";
import { hasLeftWork, LeftWork } from "./left_work.ts";
import { counted } from "../protocol/formats.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How long a server that stops may take to put tasks back and to end all agents, so that it is gone within 10 s. */
const STOP_WAIT_MS = 6000;
/** What of that the store may take. A store that hangs leaves the rest to the agents. */
const RELEASE_WAIT_MS = 2000;
/** How many tasks of a held agent clients are told of, one by one: more than they show. */
const HELD_TOLD_MAX = 500;
/** How long after a failure it is tried again to end the processes of an earlier server. */
const OPEN_AGAIN_MS = 3000;

export interface EngineOptions extends CheckOptions {
  max_concurrent: number;
  /** How many agents may be starting at the same time. */
  max_starting: number;
  /** Milliseconds after which finished tasks are removed. */
  retention_ms: number;
  max_finished: number;
  log_retention: LogRetention;
  /** Removes what a task has outside the store, before its record goes. False: the record must stay for now. */
  letGo?(task: TaskRecord): Promise<boolean>;
  /** Why agents cannot be supervised now, if they cannot. */
  cannotSupervise?(): ApiError | undefined;
}

export class Engine {
  readonly commands: TaskCommands;
  readonly queries: TaskQueries;
  readonly #options: EngineOptions;
  readonly #dispatcher: Dispatcher;
  #closed = false;
  #retention: Timer | undefined;
  #openAgain: Timer | undefined;
  /** Why no task is started yet. */
  #notOpen: string | undefined;
  readonly #membership: Membership;
  readonly #leftWork: LeftWork;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(options, options.max_concurrent, options.max_starting);
    this.commands = new TaskCommands(options, this.#dispatcher);
    this.queries = new TaskQueries({ ...options, notOpen: () => this.#notOpen }, this.#dispatcher);
    this.#membership = new Membership(options, this.#dispatcher);
    const { settings } = options;
    this.#leftWork = new LeftWork({ ...options, projectOf: (task) => settings.projectOf(task) });
    options.store.changes.subscribe("task", (changes) => {
      for (const change of changes) this.#committed(change);
    });
    options.store.changes.subscribe("hold", (changes) => {
      if (changes.some(({ after }) => after !== undefined)) void failOverdue(options);
      this.#publishHeld(changes.flatMap(({ before, after }) => (after ?? before)?.state.agent ?? []));
    });
  }

  /** Recovers the running tasks of an earlier server: queues them again, or fails them if their attempts are used up. */
  async recover(): Promise<void> {
    this.#dispatcher.load();
    await this.#dispatcher.loadBudgets();
    const lost = await recoverLost(this.#options);
    await this.#dispatcher.settleAll();
    if (lost > 0) {
      log.info("Recovered {what} of an earlier run", { what: counted(lost, "task"), tasks: lost });
    }
  }

  /**
   * Ends the processes of an earlier server, then begins to start tasks. If they cannot be ended now, tasks wait until
   * they can, since none may run twice at once.
   */
  async open(): Promise<void> {
    const { runner, clock, cannotSupervise } = this.#options;
    const { settings: { projectOf } } = this.#options;
    this.#retention ??= startRetention({ ...this.#options, projectOf: (task) => projectOf(task)?.name });
    try {
      // It would only wait for a list that does not come.
      const obstacle = cannotSupervise?.();
      if (obstacle) throw obstacle;
      const strays = await runner.endStrays();
      if (strays > 0) log.info("Ended {strays} processes of an earlier run", { strays });
    } catch (error) {
      if (this.#closed) return;
      const reason = `Tasks wait: processes of an earlier run cannot be ended. ${(error as Error).message}`;
      // Said once, not at each try.
      if (this.#notOpen !== reason) log.error("{reason}", { reason, error });
      this.#notOpen = reason;
      this.#openAgain = clock.after(OPEN_AGAIN_MS, () => void this.open());
      return;
    }
    this.#notOpen = undefined;
    if (this.#closed) return;
    void this.#membership.recover();
    this.#dispatcher.open();
    void this.#leftWork.save(this.#options.index.all());
  }

  /** To be called when tasks have come to belong to other projects. */
  regroup(): void {
    this.#dispatcher.regroup();
  }

  /** Starts no more tasks and accepts no new ones. */
  close(): void {
    this.#closed = true;
    this.commands.close();
    this.#retention?.cancel();
    this.#openAgain?.cancel();
    this.#membership.end();
    this.#leftWork.close();
    this.#dispatcher.close();
  }

  /** Leaves running tasks recoverable and ends their processes. */
  async leave(): Promise<void> {
    const { clock } = this.#options;
    const runs = [...this.#dispatcher.active];
    const until_ms = clock.monotonic() + STOP_WAIT_MS;
    const release = async () => {
      const released = releaseOwn(this.#options, runs.map(([id]) => id)).then(
        () => undefined,
        (error) => error,
      );
      const error = await within(clock, RELEASE_WAIT_MS, released, new Error("the store does not answer"));
      if (!error) return;
      log.error("Running tasks could not be put back, which is left to the next start: {error}", { error });
    };
    const end = async () => {
      const ended = Promise.all(runs.map(([, run]) => run.leave()));
      await within(clock, until_ms - clock.monotonic(), ended, undefined);
    };
    // Another node may start a task as soon as it is released, so its agent must be gone before. If there is no other
    // node, the release comes first, so that it is not lost if the agents take too long.
    const steps = this.#options.store.node.until === undefined ? [release, end] : [end, release];
    for (const step of steps) await step();
  }

  /** Publishes the events of a committed change. All task events come from here. */
  #committed({ before, after, by, elsewhere }: Change<TaskSpec, TaskState>): void {
    const { bus } = this.#options;
    // The last step is published before the end, because watchers stop at the end.
    if (after && before && progressDiffers(before.state, after.state)) {
      bus.publish({ kind: "task.progressed", before, after, by });
    }
    if (after && before?.state.status !== after.state.status) {
      bus.publish({ kind: "task.changed", before, after, by, elsewhere });
    }
    if (before && after) this.#publishNews(before, after, { by, elsewhere });
    this.#dispatcher.note(before, after);
    if (before && after && holdsSlot(before.state)) this.#follow(before, after);
    // Its last attempt did not come to it, or it was cancelled before another one began.
    if (before && after && !hasLeftWork(before) && hasLeftWork(after)) {
      void this.#leftWork.save([after]);
    }
  }

  #publishNews(
    before: TaskRecord,
    after: TaskRecord,
    how: Pick<Change<TaskSpec, TaskState>, "by" | "elsewhere">,
  ): void {
    const { bus, store } = this.#options;
    const { id } = after;
    const fields = changedFields(before, after);
    if (fields.length > 0) bus.publish({ kind: "task.fields_changed", task_id: id, fields, after, ...how });
    const numbers = changedMessages(before.state, after.state);
    if (numbers.length === 0) return;
    const read = async () => {
      const task = store.tasks.get(id) ?? after;
      const messages = await Promise.all(numbers.map((number) => messageOf(this.#options, task, number)));
      return messages.filter((message) => message !== undefined);
    };
    bus.publish({ kind: "conversation.changed", task_id: id, read });
  }

  /** What the queued tasks of these agents wait for has changed, although their records have not. */
  #publishHeld(agents: readonly string[]): void {
    const { bus, index, holds } = this.#options;
    let told = 0;
    for (const task of index.all()) {
      if (
        task.state.status !== "queued" || !holds.places.mayRun(task).some((name) => agents.includes(name))
      ) {
        continue;
      }
      bus.publish({
        kind: "task.fields_changed",
        task_id: task.id,
        fields: ["waiting_for"],
        after: task,
        by: SERVER,
      });
      if (++told === HELD_TOLD_MAX) return;
    }
  }

  /** Makes agents follow committed changes, including commits whose outcome was learned late. */
  #follow(before: TaskRecord, after: TaskRecord): void {
    const run = this.#dispatcher.active.get(after.id);
    const { status } = after.state;
    if (!run) return;
    if (before.state.waiting !== after.state.waiting) {
      const added = status === "running" ? newlyWaiting(before.state, after.state) : [];
      const steers = added.filter(({ mode }) => mode === "steer");
      run.noteMessages(after.state.waiting?.length ?? 0, added.some(({ mode }) => mode === "now"), steers);
    }
    if (before.state.status === status) return;
    let done: Promise<void> | undefined;
    if (holdsSlot(after.state)) done = status === "paused" ? run.pause() : run.resume();
    else if (status === "cancelled") done = run.stop();
    done?.catch((error) => log.error("The agent of {id} took no signal: {error}", { id: after.id, error }));
  }
}
