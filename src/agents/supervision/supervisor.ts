/**
 * Starts agent processes and ends them with everything they started. POSIX only: sessions, groups and
 * signals have no counterpart on Windows, which is out of scope here.
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../../clock/clock.ts";
import type { RunRequest } from "../../domain/run.ts";
import { boundedOutput, sharedInput } from "../../host/processes/child_streams.ts";
import type { AgentMakes } from "../makes/registry.ts";
import { runEnvironment, runMark, strayMark } from "./environment.ts";
import { continueTree, endTree, stopTree } from "../../host/processes/end_tree.ts";
import { createTree, type Tree } from "../../host/processes/process_tree.ts";
import { startTime } from "../../host/processes/ps.ts";
import { signalAll } from "../../host/processes/signals.ts";
import { createReaperLink } from "./reaper_link.ts";
import { requireFolder, requireRunPermission, spawnError, type StartAttempt } from "./spawn_errors.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** Longer than a spawn takes, and well within the tolerance of start times. */
const SPAWN_MS = 500;
const GRACEFUL_MS = 2000;
/** Agents take up to 3.5 s to end once their stdin is closed. */
const STDIN_GRACE_MS = 4000;
const KILL_AFTER_MS = 10_000;
/** A new server waits for this before it starts its first task. */
const STRAY_KILL_AFTER_MS = 5000;

/** One agent process and its tree. Both outputs must be read, or the agent blocks. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Closing it is the first step of ending. */
  readonly stdin: WritableStream<Uint8Array>;
  /** Ends, at the latest, shortly after the tree is gone, even when an escaped process holds the pipe. */
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** The process itself has exited; processes that it started may still run until `end`. */
  readonly status: Promise<{ code: number; signal: string | null }>;
  /**
   * Ends the whole tree and settles when it is gone and its TMPDIR removed; never rejects. Idempotent: later
   * calls return the first one's promise. Must be called also after the process exited by itself.
   */
  end(options?: EndOptions): Promise<void>;
  /** SIGSTOP to the whole tree. */
  pause(): Promise<void>;
  /** SIGCONT to the whole tree. */
  resume(): Promise<void>;
}

export interface EndOptions {
  /** What the protocol does to end by itself; waited for at most 2 s. */
  graceful?: () => Promise<void>;
  /** Time from closing stdin to SIGTERM, 4,000 by default. 0 starts with SIGTERM. */
  stdin_grace_ms?: number;
  /** Time from SIGTERM to SIGKILL, 10,000 by default. */
  kill_after_ms?: number;
}

export interface SpawnOptions {
  /** Program and arguments, placeholders already replaced. */
  command: string[];
  /** Gives the folder, the task's variables and the agent's configuration. */
  request: RunRequest;
  /** Variables that this kind of agent needs; the agent's and the task's own `env` override them. */
  defaults?: Record<string, string>;
}

export interface Supervisor {
  /** Throws `ApiError` when the program cannot be started. The reaper knows the process when this resolves. */
  spawn(options: SpawnOptions): Promise<SupervisedProcess>;
  /** Ends what earlier servers on the same store left behind; the number of processes found. */
  endStrays(): Promise<number>;
  /** Ends the reaper. Processes must have ended before. */
  close(): Promise<void>;
}

/** What every protocol needs to run an agent: `startCommand` and `startAcp` take it as their third argument. */
export interface RunHost {
  clock: Clock;
  supervisor: Supervisor;
}

export interface SupervisorOptions {
  clock: Clock;
  /** Marks every process of this store. */
  store_id: string;
  /** Marks every process of this server; unlike any earlier one's. Neither id may hold white space. */
  instance_id: string;
  /** Program and arguments that run `runReaper`; an empty list means no reaper. */
  reaper_command: string[];
  /** The server's own environment. */
  server_env: Record<string, string>;
  /** Folder for the runs' own TMPDIRs. */
  tmp_root: string;
  /** They know how a program that is not there is installed. */
  makes: AgentMakes;
}

/** The supervisor of one server. Processes and folders it makes are gone when every run and `close` have ended. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { clock, server_env, tmp_root } = options;
  const reaper = createReaperLink({
    clock,
    instance_id: options.instance_id,
    command: options.reaper_command,
    server_env,
  });
  // Short: agents put sockets there, whose paths may have 108 characters.
  const tmp_prefix = `run-${options.instance_id.slice(0, 8)}-`;

  async function spawn(spawning: SpawnOptions): Promise<SupervisedProcess> {
    const { request, command: [program = "", ...args], defaults } = spawning;
    const attempt = {
      program,
      install: options.makes.installCommand(program),
      agent: request.agent_name,
      cwd: request.working_dir,
    };
    await requireRunPermission(attempt);
    await requireFolder(request.working_dir);
    await reaper.ready();
    await Deno.mkdir(tmp_root, { recursive: true, mode: 0o700 });
    const tmp_dir = await Deno.makeTempDir({ dir: tmp_root, prefix: tmp_prefix });
    let child: Deno.ChildProcess | undefined;
    try {
      const env = runEnvironment(request, { ...options, tmp_dir, defaults });
      const before = clock.now();
      child = spawnChild(program, args, env, attempt);
      const { pid } = child;
      // What `ps` says of it later differs by less than the tolerance; after a stall of ours it is asked at once.
      const stalled = clock.now() - before > SPAWN_MS;
      const started = stalled ? await startTime(clock, pid) ?? before : before;
      // A plain command does not know what a closed stdin means, so there is nothing to wait for.
      await reaper.watch({ pid, started }, request.agent.protocol === "acp" ? STDIN_GRACE_MS : 0);
      const tree = createTree(clock, [{ pid, started }], runMark(request, options));
      return supervise(clock, child, tree, async () => {
        reaper.forget(pid);
        await removeFolder(tmp_dir);
      });
    } catch (error) {
      if (child) {
        await signalAll(clock, [-child.pid, child.pid], "SIGKILL");
        await Promise.allSettled([child.stdin.abort(), child.stdout.cancel(), child.stderr.cancel()]);
        reaper.forget(child.pid);
      }
      await removeFolder(tmp_dir);
      throw error;
    }
  }

  return {
    spawn,
    async endStrays() {
      let found = 0;
      // Without the permission to list processes there was none to start any.
      if ((await Deno.permissions.query({ name: "run", command: "ps" })).state === "granted") {
        found = await endTree(clock, createTree(clock, [], strayMark(options)), STRAY_KILL_AFTER_MS);
      }
      await removeOldFolders(tmp_root, tmp_prefix);
      if (found > 0) log.info("{found} processes of an earlier server have been ended", { found });
      return found;
    },
    close: () => reaper.close(),
  };
}

function spawnChild(
  program: string,
  args: string[],
  env: Record<string, string>,
  attempt: StartAttempt,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args,
      env,
      clearEnv: true,
      cwd: attempt.cwd,
      // A session and a group of its own.
      detached: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw spawnError(error, attempt);
  }
}

function supervise(
  clock: Clock,
  child: Deno.ChildProcess,
  tree: Tree,
  release: () => Promise<void>,
): SupervisedProcess {
  const { pid } = child;
  const gone = Promise.withResolvers<void>();
  const stdin = sharedInput(child.stdin);
  let running = true;
  let paused = false;
  let ending: Promise<void> | undefined;
  const status = child.status.then(({ code, signal }) => {
    running = false;
    return { code, signal };
  });

  async function endInOrder(end: EndOptions): Promise<void> {
    const { graceful, stdin_grace_ms = STDIN_GRACE_MS, kill_after_ms = KILL_AFTER_MS } = end;
    if (running && (graceful || stdin_grace_ms > 0)) {
      // Listed before anything ends, as agents put their shells into sessions of their own.
      await tree.members();
      if (paused) await continueTree(clock, tree);
      // A protocol that fails to end the process leaves that to what follows.
      if (graceful) await within(clock, GRACEFUL_MS, graceful().catch(() => {}), undefined);
      stdin.close();
      await within(clock, stdin_grace_ms, status, undefined);
    }
    stdin.close();
    await endTree(clock, tree, kill_after_ms);
  }

  return {
    pid,
    stdin: stdin.stream,
    stdout: boundedOutput(clock, child.stdout, gone.promise),
    stderr: boundedOutput(clock, child.stderr, gone.promise),
    status,
    end: (end = {}) =>
      ending ??= endInOrder(end).catch(async (error) => {
        log.error("ending the tree of {pid} failed, killing its group: {error}", { pid, error });
        if (running) await signalAll(clock, [-pid, pid], "SIGKILL");
      }).then(release).catch((error) => {
        log.error("cleaning up after {pid} failed: {error}", { pid, error });
      }).finally(() => gone.resolve()),
    async pause() {
      paused = true;
      await stopTree(clock, tree);
    },
    async resume() {
      paused = false;
      await continueTree(clock, tree);
    },
  };
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    // What stays is removed by the next server.
    log.warn("temporary folder {path} cannot be removed: {error}", { path, error });
  }
}

/** Removes the runs' folders that earlier servers left. */
async function removeOldFolders(tmp_root: string, own_prefix: string): Promise<void> {
  const left: string[] = [];
  try {
    for await (const { name } of Deno.readDir(tmp_root)) {
      if (name.startsWith("run-") && !name.startsWith(own_prefix)) left.push(name);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    log.warn("{tmp_root} cannot be cleared: {error}", { tmp_root, error });
  }
  for (const name of left) await removeFolder(`${tmp_root}/${name}`);
}
