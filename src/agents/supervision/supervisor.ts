/**
 * Starts agent processes and ends them with everything they started. POSIX only: Windows has no counterpart for
 * sessions, groups and signals.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { secretValues } from "../../domain/masking.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import { endTree } from "../../host/processes/end_tree.ts";
import { processLists } from "../../host/processes/process_lists.ts";
import { createTree } from "../../host/processes/process_tree.ts";
import { startTime } from "../../host/processes/process_rows.ts";
import type { Sandboxes } from "../../host/sandbox/sandboxes.ts";
import type { AgentMake } from "../makes/agent_make.ts";
import type { AgentMakes } from "../makes/registry.ts";
import { instanceMark, runEnvironment, runMark, strayMark } from "./environment.ts";
import { findLauncher, type Launch, launch, suitsLauncher } from "./launch.ts";
import { LeftProcesses } from "./left_processes.ts";
import type { RunInProgress } from "./process_owner.ts";
import { ProgramCheck } from "./program_check.ts";
import { createReaperLink } from "./reaper_link.ts";
import { RunFolders } from "./run_folders.ts";
import { type RunGroup, RunGroups } from "./run_groups.ts";
import { openSandbox, programsOf } from "./sandboxed_run.ts";
import { requireFolder, requireRunPermission, spawnError, type StartAttempt } from "./spawn_errors.ts";
import { STDIN_GRACE_MS, supervise, type SupervisedProcess } from "./supervised_process.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** Longer than a spawn takes, and well within the tolerance of start times. */
const SPAWN_MS = 500;
/** The reaper kills agents this long before their time is over, so that they are gone by then. */
const LEASH_MARGIN_MS = 500;
/** From SIGTERM to SIGKILL for strays. A new server starts its first task only after that. */
const STRAY_KILL_AFTER_MS = 5000;

export interface SpawnOptions {
  /** Program and arguments, placeholders already replaced. */
  command: string[];
  /** Contains the folder, the task's variables and the agent's configuration. */
  request: RunRequest;
  /** Variables that this make of agent needs. The agent's and the task's own `env` override them. */
  defaults?: Record<string, string>;
  bind?: Bind;
  /** What its make keeps on the machine, which it may change in a sandbox too. */
  kept?: AgentMake["kept"];
}

/**
 * The last changes to a process before it starts: arguments after all others, and variables that override all others.
 * `folder`: its TMPDIR. `own`: its variables without the change. May write files into the folder.
 */
export type Bind = (
  folder: string,
  own: Readonly<Record<string, string>>,
) => Promise<{ args: string[]; env: Record<string, string> }>;

export interface Supervisor {
  /** From the start of each to the end of the last of its processes. */
  readonly runs: ReadonlySet<RunInProgress>;
  /** The mark of every process of these runs, as `NAME=VALUE`. */
  readonly mark: string;
  /** Throws `ApiError` if the program cannot be started. */
  spawn(options: SpawnOptions): Promise<SupervisedProcess>;
  /** To be called when a process is about to be spawned. What takes time then begins now. */
  expect(): void;
  /** See `AgentRunner.keepUntil`. */
  keepUntil(at_ms: number): void;
  /** Ends the processes that earlier servers on the same store left behind. Returns how many there were. */
  endStrays(): Promise<number>;
  /** Ends the reaper. Processes must have ended before. */
  close(): Promise<void>;
}

/** What every protocol needs to run an agent. */
export interface RunHost {
  clock: Clock;
  supervisor: Supervisor;
}

export interface SupervisorOptions {
  clock: Clock;
  /** Marks every process of this store. */
  store_id: string;
  /** Marks every process of this server; unique per run of a server. Neither id may contain white space. */
  instance_id: string;
  /** Program and arguments that run `runReaper`; an empty list means no reaper. */
  reaper_command: string[];
  /** Secrets of this server and of its configuration, which no output shows. */
  secrets?: readonly string[];
  /** The server's own environment. */
  server_env: Record<string, string>;
  /** The folder for the TMPDIRs of the runs. */
  tmp_root: string;
  /** Absent: agents that are to run in sandboxes are not started. */
  sandboxes?: Sandboxes;
  /** The makes of agents, which say how to install a missing program. */
  makes: AgentMakes;
  /** Whether runs get control groups where these can be made: true by default. */
  groups?: boolean;
}

/** The supervisor of one server. Its processes and folders are gone when every run and `close` have ended. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { clock, server_env } = options;
  const folders = new RunFolders(options.tmp_root, options.instance_id);
  const programs = new ProgramCheck(clock);
  const lists = processLists(clock);
  const groups = options.groups === false ? undefined : new RunGroups(options);
  const reaper = createReaperLink({
    clock,
    instance_id: options.instance_id,
    command: options.reaper_command,
    server_env,
    groups: () => groups?.home,
  });
  const runs = new Set<RunInProgress>();
  let launcher: ReturnType<typeof findLauncher> | undefined;
  let until_ms = Infinity;

  /** If the server stood still here, and the time ended meanwhile, the reaper kills what was started. */
  function requireTime(): void {
    if (clock.monotonic() < until_ms) return;
    throw new ApiError("SERVICE_UNAVAILABLE", "This server has lost its lease and joins again", {
      retry_after_seconds: 1,
    });
  }

  /** Starts the process, in a group of its own if that can be done. */
  async function start(launching: Launch, attempt: StartAttempt, task_id: string): Promise<Started> {
    const shell = suitsLauncher(launching) ? await (launcher ??= findLauncher(clock)) : undefined;
    const group = shell && await groups?.take();
    const before = clock.now();
    try {
      requireTime();
      const child = launch(launching, shell && { launcher: shell, group });
      // Before it can ask this server for anything.
      const run = { task_id, pid: child.pid, group: group?.path };
      runs.add(run);
      // `ps` will later report a time within the tolerance of this one. If the server stalled, ask `ps` now instead.
      const stalled = clock.now() - before > SPAWN_MS;
      const asked = stalled ? await startTime(clock, child.pid).catch(() => undefined) : undefined;
      return { child, run, group, started: asked ?? before };
    } catch (error) {
      if (group) groups?.giveBack(group);
      if (error instanceof ApiError) throw error;
      await requireFolder(attempt.cwd);
      throw await spawnError(error, attempt, launching.env.PATH ?? "");
    }
  }

  async function spawn(spawning: SpawnOptions): Promise<SupervisedProcess> {
    const { request, command: [program = "", ...own_args], defaults, bind, kept } = spawning;
    const attempt = {
      program,
      install: options.makes.installCommand(program),
      agent: request.agent_name,
      cwd: request.working_dir,
    };
    await requireRunPermission(attempt);
    await reaper.ready();
    const tmp_dir = folders.create();
    try {
      const plain = runEnvironment(request, { ...options, tmp_dir, defaults });
      const sandbox = await openSandbox(options.sandboxes, { request, env: plain, tmp_dir, kept });
      const own = sandbox?.env ?? plain;
      const bound = await bind?.(tmp_dir, own);
      const env = { ...own, ...bound?.env };
      const args = [...own_args, ...bound?.args ?? []];
      await programs.require(attempt, env.PATH ?? "");
      const entered = await sandbox?.enter({ program, args, env, others: programsOf(request) });
      const launching = {
        program,
        args,
        env,
        ...entered,
        cwd: attempt.cwd,
        isSandboxed: entered !== undefined,
      };
      const { child, run, group, started } = await start(launching, attempt, request.task.id);
      const { pid } = child;
      // A plain command does not react to a closed stdin, so the reaper need not wait for it.
      reaper.watch({ pid, started }, request.agent.protocol === "acp" ? STDIN_GRACE_MS : 0);
      const tree = createTree(lists, [{ pid, started }], runMark(request, options), group?.members);
      const left = new LeftProcesses({
        clock,
        lists,
        pid,
        exit: child.status,
        tree,
        group,
        sandbox: entered?.program,
      });
      return supervise(
        clock,
        child,
        tmp_dir,
        tree,
        group,
        left,
        [...secretValues(env), ...options.secrets ?? []],
        async (isEmpty) => {
          runs.delete(run);
          reaper.forget(pid);
          if (group && isEmpty) groups?.giveBack(group);
          await folders.remove(tmp_dir);
        },
      );
    } catch (error) {
      await folders.remove(tmp_dir);
      throw error;
    }
  }

  return {
    runs,
    mark: instanceMark(options.instance_id).all[0]!,
    spawn,
    expect: () => groups?.expect(),
    keepUntil(at_ms) {
      until_ms = at_ms - LEASH_MARGIN_MS;
      reaper.keepUntil(until_ms);
    },
    async endStrays() {
      let found = 0;
      // A server without the permission to list processes could not have started any agents.
      if ((await Deno.permissions.query({ name: "run", command: "ps" })).state === "granted") {
        const strays = createTree(lists, [], strayMark(options), groups && (() => groups.strays()));
        found = await endTree(clock, strays, STRAY_KILL_AFTER_MS);
      }
      await folders.removeOld();
      if (found > 0) log.info("{found} processes of an earlier server have been ended", { found });
      return found;
    },
    async close() {
      await Promise.all([reaper.close(), groups?.close()]);
    },
  };
}

interface Started {
  child: Deno.ChildProcess;
  run: RunInProgress;
  group: RunGroup | undefined;
  /** Epoch milliseconds, within the tolerance of `ps`. */
  started: number;
}
