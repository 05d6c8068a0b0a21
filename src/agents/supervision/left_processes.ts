/** Finds the processes that an agent's turn, or a command, has left at work. */
import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../../clock/clock.ts";
import type { LeftProcess } from "../../domain/output.ts";
import type { ProcessLists } from "../../host/processes/process_lists.ts";
import type { Tree } from "../../host/processes/process_tree.ts";
import type { RunGroup } from "./run_groups.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** What ends by itself within this time was not left at work: shells end a little after what they ran. */
const ENDING_MS = 300;
const SHELL = /^\S*\b(ba|da|z|k)?sh -\w*c /;
const MOST_SHOWN = 20;
const LONGEST_COMMAND = 300;

export interface LeftProcessesOptions {
  clock: Clock;
  lists: ProcessLists;
  /** The agent's own process. */
  pid: number;
  /** Resolves when that process has exited. */
  exit: Promise<unknown>;
  tree: Tree;
  group: RunGroup | undefined;
  /** The program that holds the sandbox, if it runs in one: it works for nobody. */
  sandbox?: string;
}

export class LeftProcesses {
  readonly #options: LeftProcessesOptions;
  /** The agent's own processes. */
  #own: ReadonlySet<number>;
  #hasExited = false;
  #isGone = false;

  constructor(options: LeftProcessesOptions) {
    this.#options = options;
    this.#own = new Set([options.pid]);
    options.exit.then(() => this.#hasExited = true);
  }

  /** Whether a look since the agent's own process has exited found nothing. Then nothing can follow it. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** To be called when the agent is about to begin its work: what runs now is its own. */
  async noteOwn(): Promise<void> {
    const { pid } = this.#options;
    try {
      this.#own = new Set([pid, ...await this.#pids()]);
    } catch (error) {
      log.warn("the processes of {pid} cannot be listed: {error}", { pid, error });
    }
  }

  /** The processes at work that were not there before, the oldest first, at most 20; none if they cannot be listed. */
  async list(isOwn: (command: string) => boolean = () => false): Promise<LeftProcess[]> {
    try {
      return await this.#list(isOwn);
    } catch (error) {
      log.warn("what {pid} has left at work cannot be listed: {error}", { pid: this.#options.pid, error });
      return [];
    }
  }

  async #list(isOwn: (command: string) => boolean): Promise<LeftProcess[]> {
    const { clock, lists, sandbox } = this.#options;
    const isHolder = (command: string) => sandbox !== undefined && command.startsWith(`${sandbox} --`);
    const first = new Set(await this.#strangers());
    if (first.size === 0) return [];
    await sleep(clock, ENDING_MS);
    const left = new Set((await this.#strangers()).filter((pid) => first.has(pid)));
    if (left.size === 0) return [];
    const rows = await lists.withoutEnvironment();
    const found = rows.filter(({ pid, state, command }) =>
      left.has(pid) && state !== "Z" && command !== "" && !isOwn(command) && !isHolder(command)
    );
    // A shell only waits for what it has started.
    const parents = new Set(found.map(({ ppid }) => ppid));
    return found
      .filter(({ pid, command }) => !(SHELL.test(command) && parents.has(pid)))
      .sort((a, b) => a.started - b.started || a.pid - b.pid)
      .slice(0, MOST_SHOWN)
      .map(({ pid, command, started }) => ({
        pid,
        command: command.slice(0, LONGEST_COMMAND),
        age_ms: Math.max(0, Math.round(clock.now() - started)),
      }));
  }

  async #strangers(): Promise<number[]> {
    return (await this.#pids()).filter((pid) => !this.#own.has(pid));
  }

  async #pids(): Promise<readonly number[]> {
    const { group, tree } = this.#options;
    const hadExited = this.#hasExited;
    const held = await group?.members();
    const pids = held ?? (await tree.members()).map(({ pid }) => pid);
    // A group that cannot be listed may hold more than the tree shows.
    const isWhole = held !== undefined || group === undefined;
    this.#isGone = hadExited && isWhole && pids.length === 0;
    return pids;
  }
}
