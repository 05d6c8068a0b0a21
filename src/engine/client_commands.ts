/** Whether a task may name programs for the server to run: that is for the configuration, unless it lets clients do so. */
import { ApiError } from "../domain/errors.ts";
import type { Execution } from "../domain/task.ts";

/** Throws `PERMISSION_DENIED` for a task with commands of its own. */
export function refuseCommands(
  { mcp_servers = [], checks = [] }: Execution,
  { client_commands }: { client_commands: boolean },
): void {
  if (client_commands) return;
  const check = checks.findIndex((one) => typeof one !== "string");
  if (check !== -1) {
    throw new ApiError(
      "PERMISSION_DENIED",
      "A check is a command, which tasks may not name on this server. An administrator may add it to `checks` or to the " +
        "project in the configuration, or set tasks.client_commands",
      { field: `task.execution.checks[${check}]`, setting: "tasks.client_commands" },
    );
  }
  const at = mcp_servers.findIndex(({ command }) => command !== undefined);
  if (at === -1) return;
  throw new ApiError(
    "PERMISSION_DENIED",
    `MCP server '${
      mcp_servers[at]!.name
    }' is a command, which tasks may not name on this server. An administrator ` +
      "may add it to the agent's mcp_servers in the configuration, or set tasks.client_commands",
    { field: `task.execution.mcp_servers[${at}].command`, setting: "tasks.client_commands" },
  );
}
