/** Lists the processes in control groups without the keeper: for the reaper, and for a server whose keeper has died. */
import type { Clock } from "../../clock/clock.ts";
import { runBriefly } from "../../host/processes/brief_program.ts";

const LIST = `
gather() {
  while read -r pid; do echo "$pid"; done < "$1/cgroup.procs"
  for below in "$1"/*/; do [ -d "$below" ] && gather "\${below%/}"; done
}
[ -d "$1" ] || exit 1
gather "$1"
exit 0
`;

/** The pids in the group `folder` and in those below it; undefined if there is no such group. */
export async function containedIn(clock: Clock, folder: string): Promise<number[] | undefined> {
  const { code, stdout } = await runBriefly(clock, "sh", ["-c", LIST, "sh", folder]);
  if (code !== 0) return undefined;
  return stdout.split("\n").filter((line) => line !== "").map(Number);
}
