import { ApiError } from "../domain/errors.ts";
import { capability } from "./capability.ts";

export const killProcess = capability({
  type: "kill_process",
  doc:
    "Sends a signal to an agent's process or to one that this server started, and answers when the process is gone " +
    "(SIGSTOP and SIGCONT: when the signal is delivered). Other processes are refused.",
  permission: "admin",
  limit: "kills_per_minute",
  errors: ["PROCESS_NOT_FOUND", "PROCESS_PERMISSION_DENIED", "PROCESS_KILL_FAILED", "SERVICE_UNAVAILABLE"],
  example: { type: "kill_process", pid: 12345, signal: "SIGTERM" },
  handle: async ({ pid, signal }, { machine, scopeOf }, { actor, identity }) => {
    const scope = scopeOf(identity);
    const task_id = scope && await machine.taskOf(pid);
    if (scope && (task_id === undefined || !scope.sees(task_id))) {
      throw new ApiError("PROCESS_NOT_FOUND", `No process has the pid ${pid}`, { pid });
    }
    return { data: await machine.kill(pid, signal, actor) };
  },
});
