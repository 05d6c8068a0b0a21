/** Commits what a person has changed in the worktree of an ended task, and records it. */
import { isDeepStrictEqual } from "node:util";
import { SERVER } from "../domain/actor.ts";
import type { NamedProject } from "../domain/project.ts";
import type { Workspaces } from "../domain/run.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import type { Store } from "../store/open.ts";

export interface SavingContext {
  store: Store;
  workspaces: Workspaces;
  projectOf(task: TaskRecord): NamedProject | undefined;
}

export interface LastWork {
  workspace?: StoredWorkspace;
  /** Why it could not be committed. It is where it was. */
  failure?: string;
}

export async function saveLastWork(
  { store, workspaces, projectOf }: SavingContext,
  task: TaskRecord,
): Promise<LastWork> {
  const { id, spec: { description }, state: { workspace: known } } = task;
  if (known === undefined || workspaces.save === undefined) return {};
  const wanted = {
    id,
    description,
    working_dir: known.path,
    isolation: "worktree" as const,
    known,
    project: projectOf(task),
  };
  const { workspace, changes, notes = [], failure } = await workspaces.save(wanted);
  for (const note of notes) void store.logs.append({ ...note, agent: id, source: "worktree" });
  if (failure !== undefined || workspace === undefined) return { failure };
  if (isDeepStrictEqual(workspace, known) && isDeepStrictEqual(changes, task.state.changes)) {
    return { workspace };
  }
  await store.tasks.update((view) => {
    const state = view.get(id)?.state;
    // It has gone on meanwhile, and its agent's attempt saves what there is.
    if (!isDeepStrictEqual(state?.workspace, known)) return {};
    return { updates: [{ id, state: { ...state!, workspace, changes: changes ?? state!.changes } }] };
  }, SERVER);
  return { workspace };
}
