/** The checks of a task, run on its work merged with a branch that has moved, before that branch takes it. */
import type { Clock } from "../clock/clock.ts";
import type { OwnWorktree } from "../domain/accepting.ts";
import { checkFailure, type CheckResult, checkWords, keptResults, programsOf } from "../domain/check.ts";
import type { RunCheck } from "../domain/check.ts";
import type { MergedCheckout } from "../domain/landing.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { Store } from "../store/open.ts";
import { runChecks } from "./check_sequence.ts";
import { refuseCommands } from "./client_commands.ts";
import type { RunSettings } from "./run_context.ts";

export interface MergedCheckContext {
  clock: Clock;
  logs: Store["logs"];
  settings: Pick<RunSettings, "executionOf" | "projectOf" | "checks" | "client_commands">;
  runCheck: RunCheck;
  checkout: MergedCheckout;
}

/** Why the merged result must not be accepted, and how its checks ended. */
export interface MergedFailure {
  message: string;
  checks: CheckResult[];
}

export type CheckMerged = (
  task: { record: TaskRecord; worktree: OwnWorktree },
  commit: string,
  bound_ms: number,
) => Promise<MergedFailure | undefined>;

/** Throws `PERMISSION_DENIED` for checks that tasks may not name any more, and what git and the setup throw. */
export function mergedChecks({ clock, logs, settings, runCheck, checkout }: MergedCheckContext): CheckMerged {
  return async ({ record, worktree }, commit, bound_ms) => {
    const { checks, env = {} } = settings.executionOf(record);
    const programs = programsOf(checks, settings.checks);
    if (programs.length === 0) return undefined;
    refuseCommands(record.spec.execution ?? {}, settings);
    const { id } = record;
    const log = (level: "info" | "warn", message: string, details: object) =>
      void logs.append({ level, message, agent: id, source: "check", details: { ...details } });
    const stop = new AbortController();
    const late = clock.after(bound_ms, () => stop.abort());
    const { signal } = stop;
    try {
      const results = await checkout(
        { task_id: id, worktree, commit, project: settings.projectOf(record) },
        (folder) =>
          runChecks(clock, runCheck, programs, { task_id: id, folder, env, signal }, {
            ended: ({ ok, command, exit_code, duration_ms, output }) =>
              log(
                ok ? "info" : "warn",
                `On the merged result: ${checkWords({ ok, command, exit_code })}`,
                { exit_code, duration_ms, output },
              ),
          }),
        signal,
      );
      const kept = keptResults(results);
      if (results.length < programs.length) return { message: tooSlow(bound_ms), checks: kept };
      const message = checkFailure(results);
      return message === undefined ? undefined : { message, checks: kept };
    } catch (error) {
      if (signal.aborted) return { message: tooSlow(bound_ms), checks: [] };
      throw error;
    } finally {
      late.cancel();
    }
  };
}

function tooSlow(bound_ms: number): string {
  return `they did not end within ${Math.round(bound_ms / 1000)} s`;
}
