import { getLogger } from "@logtape/logtape";
import { capability } from "./capability.ts";
import { measured } from "./channels/measured_agents.ts";

const log = getLogger(["opencode-agents", "api"]);

/** More tasks than this are not sent at once; `list_tasks` pages through all. */
const TASKS_SHOWN = 1000;

export const requestStatus = capability({
  type: "request_status",
  doc:
    "Returns everything at a glance: the agents at work, the newest 1,000 tasks, the machine. If processes cannot be " +
    "listed, that part is absent.",
  permission: "read",
  errors: [],
  example: { type: "request_status" },
  handle: async (_request, context) => {
    const sort = { field: "created_at", order: "desc" } as const;
    const { machine, queries } = context;
    const [system_resources, claude_processes] = await Promise.all([
      orAbsent(machine.resources()),
      orAbsent(machine.agents().then(({ processes }) => processes)),
    ]);
    return {
      data: {
        agents: measured(queries.agents(), claude_processes ?? []),
        tasks: queries.list({ sort, limit: TASKS_SHOWN, offset: 0 }).tasks,
        system_resources,
        claude_processes,
      },
    };
  },
});

async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    log.debug("A part of the status is unavailable: {error}", { error });
    return undefined;
  }
}
