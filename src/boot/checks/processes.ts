/** Whether processes can be listed and signalled, and worktrees made: tried, not only looked for. */
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { createProcessAbility } from "../../host/processes/ability.ts";
import { runBriefly } from "../../host/processes/brief_program.ts";
import { INIT_ADVICE, leavesZombies } from "../../host/processes/orphans.ts";
import { openProcfs } from "../../host/processes/procfs.ts";
import type { Finding } from "./finding.ts";

/** The findings of the same trial that `serve` makes at its start. */
export async function checkProcesses(clock: Clock): Promise<Finding[]> {
  const ability = createProcessAbility(clock);
  await ability.tried();
  const list = ability.obstacle("list");
  const signal = ability.obstacle("signal");
  return [
    list
      ? unable("processes", list, "Processes cannot be listed, so tasks are refused; everything else works.")
      : { what: "processes", state: "ok", found: openProcfs(clock) ? "listed by /proc" : "listed by 'ps'" },
    signal
      ? unable("signals", signal, "Processes cannot be ended, so tasks are refused; everything else works.")
      : { what: "signals", state: "ok", found: "delivered" },
  ];
}

/** Whether the processes are reaped that agents leave behind. Nothing is said of a machine where they are. */
export async function checkInit(clock: Clock): Promise<Finding[]> {
  if (!await leavesZombies(clock)) return [];
  const advice = `Each program that an agent leaves behind stays as a zombie: ${INIT_ADVICE}.`;
  return [{ what: "init", state: "warn", found: "PID 1 does not reap orphans", advice }];
}

export async function checkGit(clock: Clock): Promise<Finding> {
  const advice = 'Tasks with isolation "worktree" fail without it; install git.';
  try {
    const { code, stdout, stderr } = await runBriefly(clock, "git", ["--version"]);
    const found = (code === 0 ? stdout : stderr || stdout).trim();
    return code === 0 ? { what: "git", state: "ok", found } : { what: "git", state: "warn", found, advice };
  } catch (error) {
    if (error instanceof ApiError) return unable("git", error, advice);
    throw error;
  }
}

function unable(what: string, { message, details }: ApiError, advice: string): Finding {
  return { what, state: "warn", found: message, advice, details };
}
