import { capability } from "./capability.ts";
import { pagination } from "./pagination.ts";
import { EVERY_TASK } from "./touches.ts";

export const listTasks = capability({
  type: "list_tasks",
  doc: "Lists the tasks that match a filter, sorted and in pages. By default the oldest comes first.",
  permission: "read",
  errors: ["FILTER_VALIDATION_ERROR"],
  example: {
    type: "list_tasks",
    filter: { status: ["running", "pending"], priority: "high" },
    sort: { field: "created_at", order: "desc" },
    limit: 50,
    offset: 0,
  },
  touches: () => EVERY_TASK,
  handle: (request, { queries, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    const sees = scope && ((id: string) => scope.sees(id));
    const { tasks, total_count, filtered_count } = queries.list(request, undefined, sees);
    return {
      tasks,
      total_count,
      filtered_count,
      pagination: pagination(request, tasks.length, filtered_count),
    };
  },
});
