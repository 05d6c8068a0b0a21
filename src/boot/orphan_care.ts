/** Reaps orphans if this server is PID 1 and may, and says if nobody does. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import { INIT_ADVICE, leavesZombies } from "../host/processes/orphans.ts";
import { reapOrphans } from "../host/processes/zombie_reaper.ts";
import type { HealthFinding } from "../protocol/system_messages.ts";
import type { Part } from "./parts.ts";

const log = getLogger(["opencode-agents", "main"]);

export interface OrphanCare extends Part {
  findings(): HealthFinding[];
}

export function orphanCare(clock: Clock): OrphanCare {
  let reaping: ReturnType<typeof reapOrphans>;
  const findings: HealthFinding[] = [];

  async function tryIt(): Promise<void> {
    if (!await leavesZombies(clock)) return;
    const message = `PID 1 does not reap: programs that agents start stay as zombies; ${INIT_ADVICE}`;
    findings.push({ code: "ZOMBIES_NOT_REAPED", severity: "warning", message });
    log.warn("{message}", { message });
  }

  return {
    name: "orphans",
    start() {
      reaping = reapOrphans(clock);
      // Nothing waits for the answer.
      tryIt().catch((error) => log.warn("It is not known whether orphans are reaped: {error}", { error }));
    },
    stop: () => reaping?.stop(),
    findings: () => findings,
  };
}
