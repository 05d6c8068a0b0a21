/**
 * Which task a process works for, by what it cannot shed easily: the control group, its ancestors, its session and process
 * group, and the marks in its environment. Pure.
 */
import type { ProcessOrigin } from "../../domain/process_origin.ts";

/** A run whose processes are looked for. */
export interface RunInProgress {
  task_id: string;
  /** Of the agent's own process, which leads a session and a process group. */
  pid: number;
  /** The folder of its control group, if it has one. */
  group?: string;
}

/** The task that the process works for. `instance`: the mark of this server, `NAME=VALUE`. `own_pid`: this server's. */
export function taskOf(
  process: ProcessOrigin,
  runs: Iterable<RunInProgress>,
  instance: string,
  own_pid: number,
): string | undefined {
  const all = [...runs];
  return byGroup(process, all) ?? byKin(process, all, own_pid) ?? byMark(process, instance);
}

function byGroup({ group }: ProcessOrigin, runs: readonly RunInProgress[]): string | undefined {
  if (group === undefined) return undefined;
  // The folder of a run's group is where groups are mounted, and then the path of the group. Where this process is in a namespace
  // of groups, that path begins at its root.
  return runs.find(({ group: folder }) =>
    folder !== undefined && `${group}/`.includes(`/${folder.split("/").slice(-2).join("/")}/`)
  )?.task_id;
}

function byKin({ line }: ProcessOrigin, runs: readonly RunInProgress[], own_pid: number): string | undefined {
  const led = new Map(runs.map((run) => [run.pid, run.task_id]));
  for (const { pid, pgid, session } of line) {
    if (pid === own_pid) return undefined;
    const found = led.get(pid) ?? led.get(pgid) ?? led.get(session);
    if (found !== undefined) return found;
  }
  return undefined;
}

function byMark({ variables }: ProcessOrigin, instance: string): string | undefined {
  if (!variables.includes(instance)) return undefined;
  return variables.find((one) => one.startsWith("TASK_ID="))?.slice("TASK_ID=".length);
}
