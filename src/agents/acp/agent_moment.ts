/** When an agent says something, and where: times of day are those of its zone. */
import type { RunRequest } from "../../domain/run_request.ts";
import { isTimeZone, ownTimeZone } from "../../domain/time_zones.ts";

export interface AgentMoment {
  /** Epoch milliseconds. */
  now_ms: number;
  /** IANA. */
  zone: string;
}

/** The zone in which an agent tells times: that of its variable `TZ`, else the server's. */
export function zoneOf({ env, agent }: Pick<RunRequest, "env" | "agent">): string {
  const named = env.TZ ?? agent.env?.TZ;
  return named !== undefined && isTimeZone(named) ? named : ownTimeZone();
}
