import { capability } from "./capability.ts";

export const requestClaudeProcesses = capability({
  type: "request_claude_processes",
  doc: "The coding agents that run on this machine, whoever started them.",
  permission: "read",
  errors: ["SERVICE_UNAVAILABLE"],
  example: { type: "request_claude_processes" },
  handle: async (_request, { machine }) => {
    const { processes, timestamp } = await machine.agents();
    return { processes, timestamp };
  },
});
