/** Archived tasks: ended ones that the lists leave out until they are asked for. */
import { useEffect } from "preact/hooks";
import { counted } from "../../protocol/formats.ts";
import { toastDone, toastError } from "./toast.tsx";
import { onResubscribed } from "../data/pushes.ts";
import { report } from "../data/report.ts";
import { client } from "../data/server.ts";
import { loadArchived, markArchived } from "../data/tasks.ts";

/** The most that one message names. */
const AT_ONCE = 500;

/** Archives ended tasks, or takes them out of the archive, and offers to undo it. */
export async function archive(task_ids: readonly string[], isArchived = true): Promise<void> {
  let unjudged: number;
  try {
    unjudged = await change(task_ids, isArchived);
  } catch (error) {
    return toastError(error);
  }
  const [id = ""] = task_ids;
  const what = task_ids.length === 1 ? id : counted(task_ids.length, "task");
  const more = unjudged === 0
    ? ""
    : task_ids.length === 1
    ? ". Its changes, which nobody has accepted or discarded, stay"
    : `. The changes of ${unjudged}, which nobody has accepted or discarded, stay`;
  toastDone(isArchived ? `Archived: ${what}${more}` : `Out of the archive: ${what}`, () => {
    change(task_ids, !isArchived).catch(toastError);
  });
}

/** Returns how many have changes that nobody has judged. */
async function change(task_ids: readonly string[], archived: boolean): Promise<number> {
  let unjudged = 0;
  for (let from = 0; from < task_ids.length; from += AT_ONCE) {
    const some = task_ids.slice(from, from + AT_ONCE);
    const { to_review = [] } = await client.request("archive_tasks", { task_ids: some, archived });
    unjudged += to_review.length;
    markArchived(some, archived);
  }
  return unjudged;
}

/** Loads the archived tasks while a page shows them. */
export function useArchived(isShown: boolean): void {
  useEffect(() => {
    if (!isShown) return;
    loadArchived().catch(report);
    return onResubscribed(loadArchived);
  }, [isShown]);
}
