import { capability } from "./capability.ts";

/** More tasks than this are not sent at once; `list_tasks` pages through all. */
const TASKS_SHOWN = 1000;

export const requestStatus = capability({
  type: "request_status",
  doc: "Everything at a glance: the agents at work and the newest 1,000 tasks.",
  permission: "read",
  errors: [],
  example: { type: "request_status" },
  handle: (_request, { engine }) => {
    const sort = { field: "created_at", order: "desc" } as const;
    return {
      data: { agents: engine.agents(), tasks: engine.list({ sort, limit: TASKS_SHOWN, offset: 0 }).tasks },
    };
  },
});
