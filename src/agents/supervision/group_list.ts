/** Lists the processes in control groups, for a program that has no keeper. */
import type { Clock } from "../../clock/clock.ts";
import { runBriefly } from "../../host/processes/brief_program.ts";

const LIST = `
gather() {
  while read -r pid; do echo "$pid"; done < "$1/cgroup.procs"
  for below in "$1"/*/; do [ -d "$below" ] && gather "\${below%/}"; done
}
[ -d "$1" ] && gather "$1"
`;

/** The pids in the group `folder` and in those below it. None if there is no such group. */
export async function containedIn(clock: Clock, folder: string): Promise<number[]> {
  const { stdout } = await runBriefly(clock, "sh", ["-c", LIST, "sh", folder]);
  return stdout.split("\n").filter((line) => line !== "").map(Number);
}
