/** What a task waits for, in words. */
import type { WaitingFor } from "../domain/waiting_for.ts";

/** Fits after "waits for": `task_1, task_2`, `a free slot`. `timeWords` formats times; the default changes nothing. */
export function waitingWords(waiting_for: WaitingFor, timeWords = (iso: string) => iso): string {
  switch (waiting_for.kind) {
    case "dependency":
      return waiting_for.task_ids.join(", ");
    case "time":
      return `its time: ${timeWords(waiting_for.until)}`;
    case "slot":
      return "a free slot";
    case "agent_start":
      return "other agents to start";
    case "provider_limit":
      return `the provider of '${waiting_for.agent}' (${
        timeWords(waiting_for.until)
      }): ${waiting_for.reason}`;
    case "budget":
      return waiting_for.until === undefined
        ? "a higher budget"
        : `its budget until ${timeWords(waiting_for.until)}`;
    case "concurrency":
      return `${waiting_for.task_ids?.join(", ") ?? "others"} ${sharedWords(waiting_for.by)}`;
    case "retry":
      return `its next attempt: ${timeWords(waiting_for.until)}`;
    case "permission":
      return "a person's answer to its permission request";
    case "question":
      return "a person's answer to its question";
    case "node":
      return waiting_for.node === undefined ? "a node that can run it" : `node '${waiting_for.node}'`;
    case "disk":
      return "free disk space";
    case "approval":
      return "an approval";
    case "paused":
      return "someone to resume it";
  }
}

/** What a task shares with those that it waits for: `(same folder)`. */
export function sharedWords(by: string): string {
  return `(same ${by === "working_dir" ? "folder" : by})`;
}
