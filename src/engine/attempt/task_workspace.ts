/** Opens the folder that an attempt works in, the task's folder or a worktree of its own, and has its work saved. */
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import { inheritedWork } from "../../domain/inheritance.ts";
import type { OpenWorkspace } from "../../domain/task_workspaces.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { isJudged } from "../../domain/task_values.ts";
import type { RunContext } from "../run_context.ts";
import type { AttemptRecord } from "./attempt_record.ts";
import { notStarted } from "./not_started.ts";
import { agentConfig } from "./run_request.ts";

export class TaskWorkspace {
  readonly #context: RunContext;
  readonly #emit: (event: AttemptEvent) => unknown;
  readonly #record: Pick<AttemptRecord, "workspace">;
  /** The task's folder, which a workspace is made of. */
  #folder: string | undefined;
  #workspace: OpenWorkspace | undefined;
  readonly #givenUp = new AbortController();
  readonly #saveStopped = new AbortController();

  constructor(
    context: RunContext,
    emit: (event: AttemptEvent) => unknown,
    record: Pick<AttemptRecord, "workspace">,
  ) {
    this.#context = context;
    this.#emit = emit;
    this.#record = record;
  }

  open(task: TaskRecord, agent: string): void {
    this.#open(task, agent).then(
      ({ working_dir, hasWork, workspace, notes }) =>
        this.#emit({ kind: "prepared", working_dir, isWorkspaceOpen: hasWork, workspace, notes }),
      (error) => this.#emit({ ...notStarted(task.id, error), working_dir: this.#folder }),
    );
  }

  async #open(task: TaskRecord, agent: string): Promise<Omit<OpenWorkspace, "save">> {
    const { settings, working_dirs, workspaces } = this.#context;
    // A missing agent is detected before a workspace is made for it.
    const { protocol } = agentConfig(settings, agent);
    const { working_dir, isolation: asked = "none", base } = settings.executionOf(task);
    this.#folder = await working_dirs.resolve(working_dir, settings.boundOf(task));
    const { id, spec: { description }, state: { workspace, review, unresolved } } = task;
    // What was accepted or discarded is over: the task begins with what there is now.
    const known = isJudged(review) ? undefined : workspace;
    const inherits = inheritedWork(task, this.#context.index.find);
    // A task stays where it has begun, whatever its project says by now.
    const isolation = known === undefined ? asked : known.kind === "worktree" ? "worktree" : "none";
    const wanted = {
      id,
      description,
      working_dir: this.#folder,
      isolation,
      base,
      known,
      unresolved,
      inherits,
      project: settings.projectOf(task),
    };
    const record = this.#record.workspace.bind(this.#record);
    const opened = await workspaces.open(wanted, record, this.#givenUp.signal);
    this.#workspace = opened;
    // A command is over before anybody asks: it is not worth a commit.
    if (protocol === "acp" && known === undefined && opened.workspace !== undefined) {
      await record(opened.workspace);
    }
    return opened;
  }

  /** The attempt ends before it has begun. */
  giveUp(): void {
    this.#givenUp.abort();
  }

  save(isOver: boolean): void {
    const saved = this.#workspace?.save(isOver, this.#saveStopped.signal) ?? Promise.resolve({});
    saved.then(
      (work) => this.#emit({ kind: "work_saved", work }),
      (error: Error) => this.#emit({ kind: "work_saved", work: { failure: error.message } }),
    );
  }

  stopSaving(): void {
    this.#saveStopped.abort();
  }
}
