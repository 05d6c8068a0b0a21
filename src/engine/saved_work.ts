/** Commits what a person has changed in the worktree of an ended task, and records it. */
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock/clock.ts";
import { SERVER } from "../domain/actor.ts";
import { withLateWork } from "../domain/attempt/work.ts";
import type { NamedProject } from "../domain/project.ts";
import type { Workspaces } from "../domain/task_workspaces.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import type { Store } from "../store/open.ts";

export interface SavingContext {
  store: Store;
  workspaces: Workspaces;
  projectOf(task: TaskRecord): NamedProject | undefined;
  /** How long saving may take. What is not saved by then stays where it is. Without one, it is git's own bound. */
  bound?: { clock: Clock; ms: number };
}

export interface LastWork {
  workspace?: StoredWorkspace;
  /** What of it could not be committed. */
  left?: readonly string[];
  /** Why it could not be committed. It is where it was. */
  failure?: string;
}

export async function saveLastWork(
  { store, workspaces, projectOf, bound }: SavingContext,
  task: TaskRecord,
): Promise<LastWork> {
  const { id, spec: { description }, state: { workspace: known, unresolved: asked } } = task;
  if (known === undefined || workspaces.save === undefined) return {};
  const wanted = {
    id,
    description,
    working_dir: known.path,
    isolation: "worktree" as const,
    known,
    unresolved: asked,
    project: projectOf(task),
  };
  const late = new AbortController();
  const timer = bound?.clock.after(bound.ms, () => late.abort());
  const saved = await workspaces.save(wanted, late.signal).finally(() => timer?.cancel());
  const { workspace, changes, unresolved, left, notes = [] } = saved;
  const failure = saved.failure !== undefined && late.signal.aborted
    ? `git takes longer than ${bound!.ms / 1000} s. Does a filter hang?`
    : saved.failure;
  for (const note of notes) void store.logs.append({ ...note, agent: id, source: "worktree" });
  if (failure !== undefined || workspace === undefined) return { failure };
  const isAsItWas = isDeepStrictEqual(workspace, known) && isDeepStrictEqual(changes, task.state.changes) &&
    isDeepStrictEqual(unresolved ?? asked, asked);
  if (isAsItWas) return { workspace, left };
  await store.tasks.update((view) => {
    const state = view.get(id)?.state;
    // It has gone on meanwhile, and its agent's attempt saves what there is.
    if (!isDeepStrictEqual(state?.workspace, known)) return {};
    return { updates: [{ id, state: withLateWork(state!, { workspace, changes, unresolved }) }] };
  }, SERVER);
  return { workspace, left };
}
