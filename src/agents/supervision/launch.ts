/**
 * Starts an agent's program in a session of its own. Where there are control groups, a launcher does it: a shell that
 * enters the run's group and then becomes the program. So nothing that the program starts is ever outside the group.
 */
import { isAbsolute } from "node:path";
import type { Clock } from "../../clock/clock.ts";
import { becomes, findRunnable, findSetsid } from "../../host/processes/session_program.ts";
import { ENTER } from "./group_keeper.ts";
import type { RunGroup } from "./run_groups.ts";

/** The programs that a launch in a group needs. */
export interface Launcher {
  shell: string;
  /** Starts a program in a session of its own. With it, Deno need not copy its own memory for each start. */
  setsid: string | undefined;
}

/**
 * The launcher of this machine; undefined without a shell that this server may run and that works. A launcher cannot say
 * why a program does not start, so there is none either if the server may not look at programs before.
 */
export async function findLauncher(clock: Clock): Promise<Launcher | undefined> {
  if ((await Deno.permissions.query({ name: "read" })).state !== "granted") return undefined;
  const [shell, setsid] = await Promise.all([findRunnable("sh"), findSetsid(clock)]);
  if (shell === undefined) return undefined;
  return setsid !== undefined || await becomes(clock, [shell]) ? { shell, setsid } : undefined;
}

export interface Launch {
  program: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

/** A shell passes on only variables with such names. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Variables that a shell sets by itself, and `LC_ALL`, which a launch sets for the launcher. */
const OF_THE_LAUNCHER = ["PWD", "OLDPWD", "SHLVL", "LC_ALL"];

/** Whether a launcher passes on the program's name and variables as they are. */
export function suitsLauncher({ program, env }: Launch): boolean {
  return (isAbsolute(program) || !program.includes("/") && env.PATH !== undefined) &&
    Object.keys(env).every((name) => SHELL_NAME.test(name));
}

/** Throws what `Deno.Command` throws. */
export function launch(launching: Launch, into?: { launcher: Launcher; group: RunGroup }): Deno.ChildProcess {
  const { program, args, env, cwd } = launching;
  const common = { env, clearEnv: true, cwd, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  if (!into) return new Deno.Command(program, { ...common, args, detached: true }).spawn();
  const { launcher: { shell, setsid }, group } = into;
  const unset = OF_THE_LAUNCHER.filter((name) => env[name] === undefined).join(" ");
  const words = [
    shell,
    "-c",
    unset === "" ? ENTER : `unset ${unset}; ${ENTER}`,
    // What the shell calls itself if it cannot run the program.
    "opencode-agents",
    group.path,
    program,
    ...args,
  ];
  // In the plain locale, `setsid` does not read the files of another, a fifth of its work.
  const options = { ...common, env: { LC_ALL: "C", ...env } };
  return setsid === undefined
    ? new Deno.Command(shell, { ...options, args: words.slice(1), detached: true }).spawn()
    : new Deno.Command(setsid, { ...options, args: words }).spawn();
}
