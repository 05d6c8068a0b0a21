/** Opens the folder that an attempt works in: the task's folder, or its own workspace. */
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import type { Workspace } from "../../domain/run.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { RunContext } from "../run_context.ts";
import { notStarted } from "./not_started.ts";
import { agentConfig } from "./run_request.ts";

export class TaskWorkspace {
  readonly #context: RunContext;
  readonly #emit: (event: AttemptEvent) => unknown;
  /** The task's folder, which a workspace is made of. */
  #folder: string | undefined;
  #workspace: Workspace | undefined;
  readonly #givenUp = new AbortController();

  constructor(context: RunContext, emit: (event: AttemptEvent) => unknown) {
    this.#context = context;
    this.#emit = emit;
  }

  open(task: TaskRecord, agent: string): void {
    this.#open(task, agent).then(
      (working_dir) =>
        this.#emit({ kind: "prepared", working_dir, isWorkspaceOpen: this.#workspace !== undefined }),
      (error) => this.#emit({ ...notStarted(task.id, error), working_dir: this.#folder }),
    );
  }

  async #open(task: TaskRecord, agent: string): Promise<string> {
    const { settings, working_dirs, workspaces } = this.#context;
    // A missing agent is detected before a workspace is made for it.
    agentConfig(settings, agent);
    const execution = settings.executionOf(task);
    this.#folder = await working_dirs.resolve(execution.working_dir, settings.boundOf(task));
    if (execution.isolation !== "worktree") return this.#folder;
    this.#workspace = await workspaces.open(this.#folder, task.id, this.#givenUp.signal);
    return this.#workspace.working_dir;
  }

  /** The attempt ends before it has begun. */
  giveUp(): void {
    this.#givenUp.abort();
  }

  close(): void {
    this.#workspace?.close().then(
      (kept) => this.#emit({ kind: "workspace_closed", kept }),
      (error) => this.#emit({ kind: "workspace_closed", failure: (error as Error).message }),
    );
  }
}
