/** What a server holds of its machine, as /proc and its own metrics tell. */
import type { TestServer } from "../fixtures/server.ts";

export interface Sample {
  resident_mb: number;
  open_files: number;
  threads: number;
  /** Processes below it, the reaper included. */
  children: number;
  /** Timers that wait (`count_timers.ts`). */
  timers: number;
  tasks: number;
  connections: number;
}

function childrenOf(pid: number): number {
  let count = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    count += readIfThere(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean).length;
  }
  return count;
}

/** A thread may have ended since it was listed. */
function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

export async function sampleOf({ pid, url, dir }: TestServer): Promise<Sample> {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string) =>
    metrics.split("\n").filter((line) => line.startsWith(`opencode_agents_${name}`))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  return {
    resident_mb: number("VmRSS") * 1024 / 1e6,
    open_files: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    threads: number("Threads"),
    children: childrenOf(pid),
    timers: Number(Deno.readTextFileSync(`${dir}/timers`)),
    tasks: sum("tasks"),
    connections: sum("connections"),
  };
}
