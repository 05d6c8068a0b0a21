/** One agent process under supervision: its pipes, and how to end, pause and resume it with everything it started. */
import { Buffer } from "node:buffer";
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../../clock/clock.ts";
import { Masker } from "../../domain/masking.ts";
import { boundedOutput, sharedInput } from "../../host/processes/child_streams.ts";
import { continueTree, endTree, stopTree } from "../../host/processes/end_tree.ts";
import { containedTree, type Tree } from "../../host/processes/process_tree.ts";
import { signalAll } from "../../host/processes/signals.ts";
import type { LeftProcesses } from "./left_processes.ts";
import type { RunGroup } from "./run_groups.ts";

const log = getLogger(["opencode-agents", "agents"]);

const GRACEFUL_MS = 2000;
/** Agents take up to 3.5 s to end once their stdin is closed. */
export const STDIN_GRACE_MS = 4000;
const KILL_AFTER_MS = 10_000;

/** One agent process and its tree. Both outputs must be read, or the agent blocks. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Its TMPDIR. */
  readonly tmp_dir: string;
  /** Of what it prints. Its streams are masked already, but what they carry in parts may be put together. */
  readonly masker: Masker;
  /** Closing it is the first step of ending. */
  readonly stdin: WritableStream<Uint8Array>;
  /** For an agent that is told nothing. Idempotent. */
  closeStdin(): void;
  /** Ends at the latest shortly after the tree is gone, even if an escaped process holds the pipe. */
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** What it has left at work besides itself. */
  readonly left: LeftProcesses;
  /** The process itself has exited; processes that it started may still run until `end`. */
  readonly status: Promise<{ code: number; signal: string | null }>;
  /**
   * Ends the whole tree. Settles when it is gone and its TMPDIR is removed; never rejects. Later calls return the
   * first one's promise. It must also be called after the process has exited by itself.
   */
  end(options?: EndOptions): Promise<void>;
  /** SIGSTOP to the whole tree. */
  pause(): Promise<void>;
  /** SIGCONT to the whole tree. */
  resume(): Promise<void>;
}

export interface EndOptions {
  /** Asks the process to end through its protocol. Waited for at most 2 s. */
  graceful?: () => Promise<void>;
  /** Time from closing stdin to SIGTERM, 4,000 by default. 0 starts with SIGTERM. */
  stdin_grace_ms?: number;
  /** Time from SIGTERM to SIGKILL, 10,000 by default. */
  kill_after_ms?: number;
}

/**
 * Supervises a process that was just spawned. `group`: the control group that it enters. `release` is called once its
 * tree is gone, with whether the group is known to be empty. `secrets`: what it may not be
 * seen to print.
 */
export function supervise(
  clock: Clock,
  child: Deno.ChildProcess,
  tmp_dir: string,
  tree: Tree,
  group: RunGroup | undefined,
  left: LeftProcesses,
  secrets: readonly string[],
  release: (isEmpty: boolean) => Promise<void>,
): SupervisedProcess {
  const { pid } = child;
  const gone = Promise.withResolvers<void>();
  const stdin = sharedInput(child.stdin);
  const masker = new Masker(secrets);
  const byteMasker = new Masker(secrets.map((value) => Buffer.from(value).toString("latin1")));
  let running = true;
  let paused = false;
  let ending: Promise<void> | undefined;
  const status = child.status.then(({ code, signal }) => {
    running = false;
    return { code, signal };
  });

  /** Returns whether the group is known to be empty. */
  async function endInOrder(end: EndOptions): Promise<boolean> {
    const { graceful, stdin_grace_ms = STDIN_GRACE_MS, kill_after_ms = KILL_AFTER_MS } = end;
    if (running && (graceful || stdin_grace_ms > 0)) {
      // Listed before anything ends, because agents put their shells into separate sessions.
      await tree.members();
      if (paused) await continueTree(clock, tree);
      // If the protocol does not end the process, the signals below do.
      if (graceful) await within(clock, GRACEFUL_MS, graceful().catch(() => {}), undefined);
      stdin.close();
      await within(clock, stdin_grace_ms, status, undefined);
    }
    stdin.close();
    if (left.isGone) return group !== undefined;
    // Only an ended process is sure to have entered its group. Then no list of all processes is needed.
    if (!running && await isEmpty()) return true;
    await endTree(clock, tree, kill_after_ms);
    return await isEmpty();
  }

  /** Without a list of processes: ends the group of the leader, and all that is in the control group. */
  async function endUnlisted(error: unknown, kill_after_ms = KILL_AFTER_MS): Promise<boolean> {
    log.error("the tree of {pid} cannot be listed, so its groups are ended: {error}", { pid, error });
    if (running) await signalAll(clock, [-pid, pid], "SIGKILL");
    if (group) await endTree(clock, containedTree(group.members), kill_after_ms);
    // They may have left no room for the program that lists processes.
    await endTree(clock, tree, kill_after_ms).catch((error) =>
      log.error("what {pid} has started outside its groups is left until the next start: {error}", {
        pid,
        error,
      })
    );
    return await isEmpty();
  }

  async function isEmpty(): Promise<boolean> {
    return (await group?.members())?.length === 0;
  }

  return {
    pid,
    tmp_dir,
    masker,
    get stdin() {
      return stdin.stream;
    },
    closeStdin: () => stdin.close(),
    stdout: boundedOutput(clock, child.stdout, gone.promise, byteMasker),
    stderr: boundedOutput(clock, child.stderr, gone.promise, byteMasker),
    status,
    left,
    end: (end = {}) =>
      ending ??= endInOrder(end).catch((error) => endUnlisted(error, end.kill_after_ms)).catch((error) => {
        log.error("ending the tree of {pid} failed: {error}", { pid, error });
        return false;
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
