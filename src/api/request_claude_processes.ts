import { capability } from "./capability.ts";

export const requestClaudeProcesses = capability({
  type: "request_claude_processes",
  doc: "Lists the coding agents that run on this machine, no matter who started them.",
  permission: "read",
  errors: ["SERVICE_UNAVAILABLE"],
  example: { type: "request_claude_processes" },
  handle: async (_request, { machine }) => {
    const { processes, timestamp } = await machine.agents();
    return { processes, timestamp };
  },
});
