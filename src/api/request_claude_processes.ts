import { capability } from "./capability.ts";
import { seenTasks } from "./scope.ts";

export const requestClaudeProcesses = capability({
  type: "request_claude_processes",
  doc: "Lists the coding agents that run on this machine, no matter who started them.",
  permission: "read",
  errors: ["SERVICE_UNAVAILABLE"],
  example: { type: "request_claude_processes" },
  handle: async (_request, { machine, scopeOf }, { identity }) => {
    const { processes, timestamp } = await machine.agents(seenTasks(scopeOf(identity)));
    return { processes, timestamp };
  },
});
