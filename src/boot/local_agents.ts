/** Agents that run on this machine, as children of this process. */
import { join } from "node:path";
import { BUILT_IN_MAKES } from "../agents/makes/built_in.ts";
import { createAgentRunner } from "../agents/runner.ts";
import type { Sandboxes } from "../host/sandbox/sandboxes.ts";
import { procfsUnits } from "../host/processes/procfs.ts";
import type { Clock } from "../clock/clock.ts";
import type { ComposeOptions } from "./compose_options.ts";
import { selfCommand } from "./self.ts";

export interface LocalAgentsOptions {
  clock: Clock;
  /** The data folder. */
  folder: string;
  /** The server's variables. An agent gets those that its `pass_env` names. */
  env: Record<string, string>;
  /** No output shows these. */
  secrets?: readonly string[];
  /** Absent: agents that are to run in sandboxes are not started. */
  sandboxes?: Sandboxes;
}

export function localAgents(
  { clock, folder, env, secrets, sandboxes }: LocalAgentsOptions,
): ComposeOptions["openRunner"] {
  return (ids) =>
    createAgentRunner({
      ...ids,
      clock,
      reaper_command: selfCommand("reaper", reaperPermissions()),
      server_env: env,
      secrets,
      sandboxes,
      tmp_root: join(folder, "tmp"),
      makes: BUILT_IN_MAKES,
    });
}

/** With all permissions the server lists processes through /proc, and so must the reaper: there may be no `ps`. */
function reaperPermissions(): string[] {
  return procfsUnits() ? ["--allow-all"] : ["--allow-run", "--allow-env"];
}
