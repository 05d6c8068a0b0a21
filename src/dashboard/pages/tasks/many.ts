/** One action on many tasks, one after the other. A failure stops nothing but its own task, and is told. */
import {
  Archive,
  ArchiveRestore,
  Ban,
  GitMerge,
  type LucideIcon,
  Pause,
  Play,
  RotateCcw,
} from "lucide-preact";
import { ApiError } from "../../../domain/errors.ts";
import type { Task } from "../../../domain/task.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { ask, SLOW } from "../../data/server.ts";
import { archive } from "../../ui/archive.ts";
import { isAcceptable } from "../../ui/acceptable.ts";
import { refusalText } from "../../ui/refusal.ts";
import { isPossible } from "../../ui/task_actions.tsx";

interface Action {
  title: string;
  icon: LucideIcon;
  key?: string;
  fits: (task: Task) => boolean;
  /** What a person is told first, if a slip would cost. */
  asks?: (tasks: readonly Task[]) => string;
}

/** For each task by itself. `done`: such as `Paused`. */
export interface EachAction extends Action {
  done: string;
  each: (task_id: string) => Promise<unknown>;
}

/** For all together; it reports by itself. */
interface TogetherAction extends Action {
  together: (task_ids: readonly string[]) => Promise<void>;
}

export type ManyAction = EachAction | TogetherAction;

export const MANY_ACTIONS: readonly ManyAction[] = [
  {
    title: "Pause",
    icon: Pause,
    done: "Paused",
    fits: (task) => isPossible("pause", task),
    each: (task_id) => ask("pause_task", { task_id }),
  },
  {
    title: "Resume",
    icon: Play,
    done: "Resumed",
    fits: (task) => isPossible("resume", task),
    each: (task_id) => ask("resume_task", { task_id }),
  },
  {
    title: "Retry",
    icon: RotateCcw,
    key: "r",
    done: "Queued again",
    fits: (task) => isPossible("retry", task),
    each: (task_id) => ask("retry_task", { task_id }),
  },
  {
    title: "Accept",
    icon: GitMerge,
    done: "Accepted",
    fits: isAcceptable,
    each: (task_id) => ask("accept_changes", { task_id }, SLOW),
    asks: (tasks) =>
      `Each becomes one commit on ${
        [...new Set(tasks.map(({ workspace }) => workspace?.base ?? "its base"))].join(", ")
      }, the oldest first. What conflicts stays as it is and is named.`,
  },
  {
    title: "Archive",
    icon: Archive,
    key: "e",
    fits: ({ status, archived = false }) => isFinished(status) && !archived,
    together: (task_ids) => archive(task_ids),
  },
  {
    title: "Take out of the archive",
    icon: ArchiveRestore,
    key: "e",
    fits: ({ archived = false }) => archived,
    together: (task_ids) => archive(task_ids, false),
  },
  {
    title: "Cancel",
    icon: Ban,
    done: "Cancelled",
    fits: (task) => isPossible("cancel", task),
    each: (task_id) => ask("cancel_task", { task_id }),
    asks: () =>
      "Agents that are at work are stopped; files that they have changed are kept as they are. The others are not started. " +
      "Tasks that wait for them fail. Cancelled tasks can be retried.",
  },
];

export interface Refused {
  task: Task;
  why: string;
}

/**
 * The oldest first, since tasks come after those that they depend on. `step` hears how many are done. Resolves to what was
 * refused.
 */
export async function forMany(
  action: EachAction,
  tasks: readonly Task[],
  step: (done: number) => void,
): Promise<Refused[]> {
  const refused: Refused[] = [];
  const inOrder = [...tasks].sort((a, b) => a.created_at < b.created_at ? -1 : 1);
  for (const [done, task] of inOrder.entries()) {
    step(done);
    try {
      await action.each(task.id);
    } catch (error) {
      refused.push({ task, why: refusalText(error) });
      if (!(error instanceof ApiError) || error.code !== "CONNECTION_LOST") continue;
      const rest = inOrder.slice(done + 1);
      return [...refused, ...rest.map((task) => ({ task, why: "The connection was lost before its turn" }))];
    }
  }
  return refused;
}
