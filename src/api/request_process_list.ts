import { capability } from "./capability.ts";
import { seenTasks } from "./scope.ts";

export const requestProcessList = capability({
  type: "request_process_list",
  doc:
    "Lists the coding agents of this machine and the children of this server, or with `include_system_processes` all " +
    "processes, which needs `admin`; filtered, sorted and in pages. Keys and tokens in command lines are masked.",
  permission: "read",
  errors: ["FILTER_VALIDATION_ERROR", "SERVICE_UNAVAILABLE"],
  example: {
    type: "request_process_list",
    filter: { type: ["opencode", "claude"], cpu_percent_min: 1 },
    sort: { field: "cpu_percent", order: "desc" },
    limit: 100,
  },
  handle: async (query, { machine, auth, scopeOf }, { identity, limits }) => {
    if (query.include_system_processes) {
      auth.authorise("admin", "request_process_list with include_system_processes", identity, limits.client);
    }
    const { scan_duration_ms: _duration, ...data } = await machine.processes({
      ...query,
      sees: seenTasks(scopeOf(identity)),
    });
    return { data };
  },
});
