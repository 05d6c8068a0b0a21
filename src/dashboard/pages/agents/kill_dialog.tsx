/** Asks before a process gets a signal: which signal, and what it means for the task. */
import { useState } from "preact/hooks";
import type { KillSignal, Process } from "../../../protocol/process.ts";
import { agents } from "../../data/machine.ts";
import { Confirm } from "../../ui/dialog.tsx";
import "./kill_dialog.css";

const SIGNALS: Record<KillSignal, string> = {
  SIGTERM: "asks it to end; it can clean up first",
  SIGINT: "like Ctrl-C in its terminal",
  SIGHUP: "as if its terminal were closed",
  SIGQUIT: "ends it, perhaps with a core dump",
  SIGKILL: "ends it at once; it cannot clean up",
  SIGSTOP: "suspends it",
  SIGCONT: "resumes it if it is suspended",
};

export interface KillDialogProps {
  process: Process;
  onKill: (signal: KillSignal) => void;
  onClose: () => void;
}

export function KillDialog({ process, onKill, onClose }: KillDialogProps) {
  const [signal, setSignal] = useState<KillSignal>("SIGTERM");
  const { pid, name, cmdline } = process;
  return (
    <Confirm
      title={`Process ${pid}, ${name}`}
      action={`Send ${signal}`}
      onConfirm={() => onKill(signal)}
      onClose={onClose}
    >
      <pre class="process-line">{cmdline}</pre>
      <label class="field">
        Signal
        <select
          value={signal}
          onChange={({ currentTarget }) => setSignal(currentTarget.value as KillSignal)}
        >
          {Object.entries(SIGNALS).map(([one, does]) => <option key={one} value={one}>{one}: {does}</option>)}
        </select>
      </label>
      <p class="kill-means">{meaning(process, signal)}</p>
    </Confirm>
  );
}

/** What the signal means for the process's task, in words. The process is the task's agent, or one that it started. */
function meaning({ pid, task_id }: Process, signal: KillSignal): string {
  if (task_id === undefined) {
    return signal === "SIGSTOP" || signal === "SIGCONT"
      ? "It belongs to no task of this server: this suspends or resumes another person's session."
      : "It belongs to no task of this server: this ends another person's session, and its unsaved work is lost.";
  }
  const isAgent = agents.value.some((agent) => agent.pid === pid);
  if (signal === "SIGSTOP") {
    return `Task ${task_id} stands still while its time limit runs on. To hold the task properly, pause it instead.`;
  }
  if (signal === "SIGCONT") return `Task ${task_id} continues if its process was suspended.`;
  return isAgent
    ? `It is the agent of task ${task_id}: when it ends, the task fails, and unsaved work is lost. ` +
      "To end the task properly, cancel it instead."
    : `It was started by the agent of task ${task_id}, which keeps running, notices that it ended, and may fail as a result.`;
}
