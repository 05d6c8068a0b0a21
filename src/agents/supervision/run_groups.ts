/** The control groups of runs, as the keeper makes and lists them. Linux only, and only where groups may be made. */
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../../clock/clock.ts";
import { findProgram } from "../../host/processes/find_program.ts";
import { readLines } from "../reporting/lines.ts";
import type { ServerIdentity } from "./environment.ts";
import { keeperCommand } from "./group_keeper.ts";
import { containedIn } from "./group_list.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** The keeper answers in a millisecond; on a busy machine, later. */
const ANSWER_WITHIN_MS = 5000;
/** It ends at once when its groups are empty. */
const CLOSE_WITHIN_MS = 1000;
/** For about this time after a process has entered a group, the kernel lets others do so without a wait. */
const ENTERED_MS = 10;

export interface RunGroup {
  /** The group's folder. */
  readonly path: string;
  /** The pids in it and in the groups below it, zombies left out; undefined if that cannot be found out. */
  members(): Promise<number[] | undefined>;
}

export interface RunGroupsOptions extends ServerIdentity {
  clock: Clock;
  server_env: Record<string, string>;
}

export class RunGroups {
  readonly #options: RunGroupsOptions;
  /** Settles when the keeper has said whether it can make groups. */
  #started: Promise<void> | undefined;
  #keeper: Deno.ChildProcess | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #home: string | undefined;
  /** Those who wait for an answer, in the order of their questions: the keeper answers in order. */
  #waiting: ((words: string[] | undefined) => void)[] = [];
  /** The names of empty groups. */
  readonly #free: string[] = [];
  #made = 0;
  /** Whether this process may read /sys, as far as is known. It may with all permissions. */
  #maySee = true;
  /** When a process was last about to enter a group. */
  #entered_ms = -Infinity;
  #closed = false;

  constructor(options: RunGroupsOptions) {
    this.#options = options;
  }

  /** The folder of all groups; undefined before `start` or where there are none. */
  get home(): string | undefined {
    return this.#home;
  }

  /** Starts the keeper, if none has been started or the last one has died. */
  start(): Promise<void> {
    return this.#started ??= this.#start();
  }

  /** To be called when a run is about to start: it then enters its group without a wait. */
  expect(): void {
    const now = this.#options.clock.monotonic();
    if (this.#home === undefined || now - this.#entered_ms < ENTERED_MS) return;
    this.#entered_ms = now;
    this.#say("ready");
  }

  /** An empty group; undefined where none can be made. */
  async take(): Promise<RunGroup | undefined> {
    await this.start();
    const home = this.#home;
    if (home === undefined) return undefined;
    const name = this.#free.pop() ?? await this.#make();
    if (name === undefined) return undefined;
    const path = `${home}/${name}`;
    this.#entered_ms = this.#options.clock.monotonic();
    return {
      path,
      members: async () => this.#home === undefined ? await this.#listAlone(path) : await this.#list(name),
    };
  }

  /** Returns a group that is empty. One that is not must not be returned. */
  giveBack({ path }: RunGroup): void {
    this.#free.push(path.slice(path.lastIndexOf("/") + 1));
  }

  /** The processes in groups of earlier servers on the same store. */
  async strays(): Promise<number[]> {
    await this.start();
    return pidsIn(await this.#ask("strays")) ?? [];
  }

  /** Removes the groups. The keeper stays until what is left in them is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#started;
    if (!this.#keeper) return;
    this.#writer?.close().catch(() => {});
    if (await within(this.#options.clock, CLOSE_WITHIN_MS, this.#ended.then(() => true), false)) return;
    this.#keeper?.unref();
  }

  async #start(): Promise<void> {
    if (Deno.build.os !== "linux") return;
    const shell = await findProgram("sh");
    if (shell === undefined) return;
    const [program, ...args] = keeperCommand(shell, this.#options);
    let keeper: Deno.ChildProcess;
    try {
      const { PATH = "" } = this.#options.server_env;
      keeper = new Deno.Command(program!, {
        args,
        cwd: "/",
        env: { PATH },
        clearEnv: true,
        // In its own session it does not get the signals of the server's terminal.
        detached: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
    } catch (error) {
      log.info("No control groups: the shell cannot be started: {error}", { error });
      return;
    }
    this.#keeper = keeper;
    this.#writer = keeper.stdin.getWriter();
    const home = this.#answer();
    const read = readLines(keeper.stdout, (line) => this.#waiting.shift()?.(line.split(" ")));
    this.#ended = Promise.allSettled([keeper.status, read]).then(() => this.#end());
    const [verb, folder] = await home ?? [];
    if (verb === "home") this.#home = folder;
    else log.info("No control groups can be made here: a daemon that a task starts may outlive it");
  }

  #end(): void {
    if (this.#home !== undefined && !this.#closed) {
      log.warn("the keeper of the control groups has ended; the next task starts another");
      this.#started = undefined;
    }
    this.#home = undefined;
    this.#keeper = undefined;
    this.#writer?.close().catch(() => {});
    this.#writer = undefined;
    for (const answer of this.#waiting.splice(0)) answer(undefined);
  }

  async #list(name: string): Promise<number[] | undefined> {
    if (this.#isSeenEmpty(name)) return [];
    const answer = await this.#ask(`list ${name}`);
    return answer?.[0] === "list" ? pidsIn(answer) : undefined;
  }

  /**
   * Whether this process itself sees that the group is empty, which costs a tenth of an answer of the keeper. Synchronous,
   * since the kernel answers at once.
   */
  #isSeenEmpty(name: string): boolean {
    if (!this.#maySee) return false;
    try {
      return /^populated 0$/m.test(Deno.readTextFileSync(`${this.#home}/${name}/cgroup.events`));
    } catch (error) {
      // Otherwise the keeper says more.
      if (error instanceof Deno.errors.NotCapable) this.#maySee = false;
      return false;
    }
  }

  /** Without the keeper, which has died. */
  async #listAlone(path: string): Promise<number[] | undefined> {
    try {
      return await containedIn(this.#options.clock, path);
    } catch (error) {
      log.warn("the processes in {path} cannot be listed: {error}", { path, error });
      return undefined;
    }
  }

  async #make(): Promise<string | undefined> {
    const name = `run-${++this.#made}`;
    const [verb] = await this.#ask(`make ${name}`) ?? [];
    return verb === "made" ? name : undefined;
  }

  async #ask(question: string): Promise<string[] | undefined> {
    if (this.#home === undefined) return undefined;
    const answer = this.#answer();
    this.#say(question);
    return await answer;
  }

  #say(line: string): void {
    // Fails if the keeper has ended, which its end reports.
    this.#writer?.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** The words of the next answer; undefined if the keeper has ended. One that hangs is killed. */
  async #answer(): Promise<string[] | undefined> {
    const keeper = this.#keeper;
    const { promise, resolve } = Promise.withResolvers<string[] | undefined>();
    this.#waiting.push(resolve);
    const late = Symbol();
    const answer = await within(this.#options.clock, ANSWER_WITHIN_MS, promise, late);
    if (typeof answer !== "symbol") return answer;
    try {
      keeper?.kill("SIGKILL");
    } catch {
      // It has just ended.
    }
    return undefined;
  }
}

/** The pids of an answer: all its numbers. The name of a group is none. */
function pidsIn(words: string[] | undefined): number[] | undefined {
  return words?.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}
