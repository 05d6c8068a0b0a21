/**
 * Starts an agent's program in a session of its own. A launcher does it: a shell that looks whether it is in the folder that
 * was checked, enters the run's group where there are control groups, and then becomes the program. So nothing that the
 * program starts is ever outside the group.
 */
import { isAbsolute } from "node:path";
import type { Clock } from "../../clock/clock.ts";
import { becomes, findRunnable, findSetsid } from "../../host/processes/session_program.ts";
import { FOLDER_FD } from "../../host/sandbox/sandboxes.ts";
import { ENTER } from "./group_keeper.ts";
import type { RunGroup } from "./run_groups.ts";

/** The programs that a launcher needs. */
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

/**
 * Between the check of a folder and the start in it, a part of its path may have become a link to elsewhere. Where the shell
 * is, it stays: its path without links must be `$1`.
 */
const SAME_FOLDER = `cd -P . && [ "$PWD" = "$1" ] || {
  echo "The folder $1 was replaced after it had been checked: it leads to $PWD" >&2
  exit 125
}
shift`;

export interface Launch {
  program: string;
  args: string[];
  env: Record<string, string>;
  /** Absolute, with symlinks resolved, as it was checked. */
  cwd: string;
  /** Whether the program makes a sandbox, inside which the folder is looked at once more. */
  isSandboxed?: boolean;
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

/** Without a launcher, nobody looks at the folder again. Throws what `Deno.Command` throws. */
export function launch(launching: Launch, by?: { launcher: Launcher; group?: RunGroup }): Deno.ChildProcess {
  const { program, args, env, cwd, isSandboxed } = launching;
  const common = { env, clearEnv: true, cwd, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  if (!by) return new Deno.Command(program, { ...common, args, detached: true }).spawn();
  const { launcher: { shell, setsid }, group } = by;
  const unset = OF_THE_LAUNCHER.filter((name) => env[name] === undefined).join(" ");
  const words = [
    shell,
    "-c",
    [
      SAME_FOLDER,
      unset === "" ? "" : `unset ${unset}`,
      isSandboxed ? `exec ${FOLDER_FD}<.` : "",
      group ? ENTER : 'exec "$@"',
    ].join("\n"),
    // What the shell calls itself if it cannot run the program.
    "opencode-agents",
    cwd,
    ...group ? [group.path] : [],
    program,
    ...args,
  ];
  // In the plain locale, `setsid` does not read the files of another, a fifth of its work.
  const options = { ...common, env: { LC_ALL: "C", ...env } };
  return setsid === undefined
    ? new Deno.Command(shell, { ...options, args: words.slice(1), detached: true }).spawn()
    : new Deno.Command(setsid, { ...options, args: words }).spawn();
}
