/** The server's side of the reaper: starts it, registers every agent process, and replaces it if it dies. */
import { getLogger } from "@logtape/logtape";
import { type Clock, type Timer, within } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { type Reaper, startReaper } from "./reaper_process.ts";
import type { ProcessIdentity } from "../../host/processes/process_identity.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** Starting a process takes 0.1 s; on a busy machine, much longer. */
const ANSWER_WITHIN_MS = 15_000;
/** Part of the 10 s within which a server is gone. */
const CLOSE_WITHIN_MS = 2000;
const FIRST_RESTART_AFTER_MS = 100;
const LAST_RESTART_AFTER_MS = 5000;
/** A process that ends within this time costs the reaper nothing. */
const TELL_AFTER_MS = 200;

export interface ReaperLink {
  /** The pid of the reaper that runs now. */
  pid(): number | undefined;
  /** Starts the reaper if none runs, and resolves when one listens. */
  ready(): Promise<void>;
  /**
   * Tells the reaper of the process: at once, or soon if it has no grace. If the server is killed before that, the
   * reaper finds the process by its environment. `grace_ms`: how long the process may take to end after stdin closes.
   */
  watch(process: ProcessIdentity, grace_ms: number): void;
  /** To be called when the process and its tree are gone. */
  forget(pid: number): void;
  /** Has the reaper kill all agents at `at_ms` on the monotonic clock, unless this is called again. */
  keepUntil(at_ms: number): void;
  /** Ends the reaper. If it still has agents to end, it is left running. */
  close(): Promise<void>;
}

export interface ReaperLinkOptions {
  clock: Clock;
  instance_id: string;
  /** Program and arguments; an empty list means that there is no reaper. */
  command: string[];
  server_env: Record<string, string>;
  /** The folder of the runs' control groups, once there are any. */
  groups?: () => string | undefined;
}

export function createReaperLink(options: ReaperLinkOptions): ReaperLink {
  const { clock, command } = options;
  /** The reaper's line for each process. */
  const watched = new Map<number, string>();
  /** Processes that the reaper has not been told of. */
  const untold = new Set<number>();
  let tell: Timer | undefined;
  let until_ms: number | undefined;
  let told_groups: string | undefined;
  let current: Reaper | undefined;
  /** Resolves when a reaper listens. Renewed only when that reaper ends, so that waiters get its successor. */
  let listening = Promise.withResolvers<void>();
  let listens = false;
  /** How many `ready` calls wait for a reaper. */
  let waiting = 0;
  let restart: Timer | undefined;
  let restart_after_ms = FIRST_RESTART_AFTER_MS;
  let closed = false;

  function start(): Reaper {
    restart?.cancel();
    restart = undefined;
    const reaper = startReaper(command, options.server_env, (line) => {
      if (line !== "ready") return;
      listens = true;
      listening.resolve();
      restart_after_ms = FIRST_RESTART_AFTER_MS;
    });
    current = reaper;
    told_groups = undefined;
    reaper.send(`instance ${options.instance_id}`);
    tellUntil(reaper);
    for (const pid of watched.keys()) untold.add(pid);
    tellNow();
    reaper.ended.then(() => {
      current = undefined;
      reaper.closeStdin();
      if (closed) return;
      log.warn("the reaper (pid {pid}) has ended; another takes its place", { pid: reaper.child.pid });
      if (listens) listening = Promise.withResolvers();
      listens = false;
      if (watched.size > 0 || waiting > 0) startLater();
    });
    return reaper;
  }

  /** Restarts the reaper with growing delays, so that one that always dies is not restarted in a loop. */
  function startLater(): void {
    restart ??= clock.after(restart_after_ms, () => {
      restart = undefined;
      if (closed || current) return;
      try {
        start();
      } catch (error) {
        log.error("the reaper cannot be started again: {error}", { error });
        startLater();
      }
    });
    restart_after_ms = Math.min(restart_after_ms * 2, LAST_RESTART_AFTER_MS);
  }

  /** Passes on what the reaper has not been told. A reaper that starts later is told everything. */
  function tellNow(): void {
    tell?.cancel();
    tell = undefined;
    if (!current) return;
    const groups = options.groups?.();
    if (groups !== told_groups && groups !== undefined) current.send(`groups ${groups}`);
    told_groups = groups;
    for (const pid of untold) current.send(watched.get(pid)!);
    untold.clear();
  }

  /** As time that is left, since the clocks of two processes begin at different times. */
  function tellUntil(reaper: Reaper | undefined): void {
    if (until_ms !== undefined) reaper?.send(`until ${Math.max(0, until_ms - clock.monotonic())}`);
  }

  /** Bounds the wait for an answer. The reaper may be replaced meanwhile. */
  async function answered(answer: Promise<void>): Promise<void> {
    if (await within(clock, ANSWER_WITHIN_MS, answer.then(() => true), false)) return;
    throw new ApiError("SERVICE_UNAVAILABLE", "The process that guards the agents does not answer", {
      program: command[0],
      waited_ms: ANSWER_WITHIN_MS,
    });
  }

  return {
    pid: () => current?.child.pid,
    async ready() {
      if (command.length === 0 || listens) return;
      if (!current && !restart) start();
      waiting++;
      try {
        await answered(listening.promise);
      } finally {
        waiting--;
      }
    },
    watch({ pid, started }, grace_ms) {
      if (command.length === 0) return;
      watched.set(pid, `add ${pid} ${started} ${grace_ms}`);
      untold.add(pid);
      if (!current) {
        if (!restart) startLater();
        return;
      }
      // A process without grace is ended in the same way if the reaper does not know it.
      if (grace_ms > 0) tellNow();
      else tell ??= clock.after(TELL_AFTER_MS, tellNow);
    },
    forget(pid) {
      watched.delete(pid);
      if (!untold.delete(pid)) current?.send(`remove ${pid}`);
    },
    keepUntil(at_ms) {
      until_ms = at_ms;
      tellUntil(current);
    },
    async close() {
      closed = true;
      restart?.cancel();
      tellNow();
      if (!current) return;
      const { child, ended, closeStdin } = current;
      closeStdin();
      if (await within(clock, CLOSE_WITHIN_MS, ended.then(() => true), false)) return;
      log.warn("the reaper (pid {pid}) is still ending agents and is left to it", { pid: child.pid });
      child.unref();
    },
  };
}
