/** What came of the tasks that a task depends on, as its agent is told. */
import { getLogger } from "@logtape/logtape";
import type { DependencyResult } from "../../domain/run_request.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { isJudged } from "../../domain/task_values.ts";
import { lastTurn } from "../turns_of.ts";
import type { RunContext } from "../run_context.ts";
import { reportedFiles } from "./earlier_work.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How many files of each are told. */
const FILES_MAX = 50;

type Context = Pick<RunContext, "store" | "workspaces">;

/** In the order of the list. Undefined if there is nothing to tell. */
export async function dependencyResults(
  context: Context,
  { id: own_id, spec }: TaskRecord,
): Promise<DependencyResult[] | undefined> {
  if (spec.execution?.inherit === "none") return undefined;
  const { tasks } = context.store;
  // The worktree was opened after the attempt had begun.
  const { inherited = [] } = tasks.get(own_id)?.state.workspace ?? {};
  const results: DependencyResult[] = [];
  for (const id of spec.dependencies ?? []) {
    const task = tasks.get(id);
    if (task === undefined) continue;
    results.push({
      task_id: id,
      description: task.spec.description,
      answer: (await lastTurn(context.store, task))?.output,
      files: await filesOf(context, task),
      review: task.state.review,
      isHere: inherited.some(({ task_id }) => task_id === id),
    });
  }
  return results.length === 0 ? undefined : results;
}

/** What git says where it knows; else what the agent has reported. */
async function filesOf({ store, workspaces }: Context, task: TaskRecord): Promise<readonly string[]> {
  const { workspace, accepted, ended_from, refs_dir, refs = [], review } = task.state;
  const isOver = isJudged(review);
  const common_dir = isOver ? refs_dir : workspace?.common_dir;
  const from = isOver ? ended_from : workspace?.base_commit;
  const to = isOver ? accepted?.head ?? refs.at(-1) : workspace?.head_commit;
  if (common_dir !== undefined && from !== undefined && to !== undefined && workspaces.changedFiles) {
    try {
      return await workspaces.changedFiles(common_dir, from, to, FILES_MAX);
    } catch (error) {
      log.warn("What task {id} has changed cannot be told to its dependents: {error}", {
        id: task.id,
        error,
      });
    }
  }
  return await reportedFiles(store, task);
}
