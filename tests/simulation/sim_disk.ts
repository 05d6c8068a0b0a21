/**
 * A disk that outlives the program, and the program's way to it. Operations are carried out one after the other, each
 * after its time; a commit may fail, be answered with an error although it was carried out, or take so long that its
 * caller has given it up. A crash cuts the line somewhere: what was before the cut is carried out, the rest is not.
 */
import { within } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { Commit, CommitResult, Entry, Key, KeyValue, Range } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import type { Random } from "./random.ts";
import type { OwnedClock, SimTime } from "./sim_time.ts";

/** As in the real port: what takes longer has failed, as far as its caller is concerned. */
const OPERATION_MS = 10_000;
/** A deadly commit is among so many first ones of a life. */
const DEADLY_MAX = 25;
const TOO_LATE = Symbol("too late");

export interface DiskFaults {
  /** Probabilities for each commit. */
  refused: number;
  lost_reply: number;
  stalled: number;
  /** Milliseconds that a commit takes, at most. */
  latency_ms: number;
  /** Whether the program dies of its commits: each life of one of its first few, just before it or just after it. */
  deadly: number;
}

/** What becomes of one commit. */
export interface Fate {
  isRefused: boolean;
  isLost: boolean;
  takes_ms: number;
}

export const NO_FAULTS: DiskFaults = { refused: 0, lost_reply: 0, stalled: 0, latency_ms: 2, deadly: 0 };

/** Bugs of a store that the simulation must notice. */
export type DiskPlant = "answers_before_it_is_durable" | "ignores_checks" | "loses_log_chunks";

export class SimDisk {
  memory = new MemoryKeyValue();
  faults: DiskFaults = NO_FAULTS;
  readonly #time: SimTime;
  readonly #random: Random;
  readonly #plant: DiskPlant | undefined;
  /** What is safe when the power fails, if that is less than what was answered. */
  #durable: MemoryKeyValue | undefined;
  #chunks = 0;
  /** The program has died of a commit; whoever drives it is to bury it. */
  isDeadly = false;
  /** Decides instead of chance, where a test has one story to tell. */
  decide: (commit: Commit) => Partial<Fate> = () => ({});
  /** Each commit as it takes effect; `answered`: the program will be told so. */
  onCommit: (commit: Commit, answered: boolean, port: SimPort) => void = () => {};

  constructor(time: SimTime, random: Random, plant?: DiskPlant) {
    this.#time = time;
    this.#random = random;
    this.#plant = plant;
  }

  /** The program's way to it, for one life. */
  open(): SimPort {
    return new SimPort(this, this.#time, this.#random);
  }

  apply(commit: Commit, answered: boolean, port: SimPort): Promise<CommitResult> {
    let { checks, sets } = commit;
    if (this.#plant === "ignores_checks") checks = [];
    if (this.#plant === "loses_log_chunks" && sets?.some(({ key }) => key[1] === "chunk")) {
      if (++this.#chunks % 5 === 0) sets = sets.filter(({ key }) => key[1] !== "chunk");
    }
    if (this.#plant === "answers_before_it_is_durable") {
      this.#durable ??= this.memory.reopened();
      if (this.#random.chance(0.3)) this.#durable = undefined;
    }
    const before = this.memory;
    return before.commit({ ...commit, checks, sets }).then((result) => {
      if (result.ok) this.onCommit(commit, answered, port);
      return result;
    });
  }

  crash(): void {
    this.isDeadly = false;
    this.memory = (this.#durable ?? this.memory).reopened();
    this.#durable = undefined;
  }
}

interface Operation {
  isCommit: boolean;
  carryOut(): Promise<unknown>;
}

export class SimPort implements KeyValue {
  readonly #disk: SimDisk;
  readonly #random: Random;
  readonly #time: SimTime;
  /** The disk's own time, and the program's, which ends with it. */
  readonly #diskClock: OwnedClock;
  readonly #clock: OwnedClock;
  readonly #line: Operation[] = [];
  /** Of how many commits from now it dies, and whether that one is still carried out. */
  #deadly: { commits: number; isCarriedOut: boolean } | undefined;
  #free_ms = 0;
  #closed = false;
  #crashed = false;
  /** The line to the disk is cut until then. */
  #cut_ms = 0;

  constructor(disk: SimDisk, time: SimTime, random: Random) {
    this.#disk = disk;
    this.#time = time;
    this.#random = random;
    this.#diskClock = time.clock();
    this.#clock = time.clock();
    if (random.chance(disk.faults.deadly)) {
      this.#deadly = { commits: random.between(1, DEADLY_MAX), isCarriedOut: random.chance(0.5) };
    }
  }

  get isIdle(): boolean {
    return this.#line.length === 0;
  }

  get(key: Key): Promise<Entry | undefined> {
    return this.#read("get", () => this.#disk.memory.get(key));
  }

  async *list(range: Range): AsyncIterable<Entry> {
    yield* await this.#read("list", async () => {
      const entries: Entry[] = [];
      for await (const entry of this.#disk.memory.list(range)) entries.push(entry);
      return entries;
    });
  }

  commit(commit: Commit): Promise<CommitResult> {
    const { isRefused, isLost, takes_ms } = { ...this.#fate(), ...this.#disk.decide(commit) };
    const sent_ms = this.#time.monotonic_ms;
    return this.#inLine("commit", takes_ms, true, async () => {
      const isDeadly = this.#isDeadlyNow();
      if (isDeadly && !this.#deadly!.isCarriedOut) return this.#die();
      if (isRefused) throw failed("commit", "the disk refused");
      const tooLate = this.#time.monotonic_ms - sent_ms >= OPERATION_MS;
      const result = await this.#disk.apply(commit, !isLost && !tooLate && !this.#crashed && !isDeadly, this);
      if (isDeadly) return this.#die();
      if (isLost) throw failed("commit", "the answer was lost");
      return result;
    });
  }

  watch(key: Key, changed: () => void): () => void {
    return this.#disk.memory.watch(key, () => {
      if (!this.#crashed && !this.#closed && !this.isCut) {
        this.#clock.after(this.#random.between(0, 200), changed);
      }
    });
  }

  close(): void {
    this.#closed = true;
  }

  /** The program is gone. Of what is on its way, the first few are still carried out. */
  async crash(): Promise<void> {
    this.#crashed = true;
    this.#clock.die();
    this.#diskClock.die();
    const carried = this.#random.between(0, this.#line.length);
    for (const operation of this.#line.splice(0).slice(0, carried)) {
      // Nobody is left to be told of a failure.
      if (operation.isCommit) await operation.carryOut().catch(() => {});
    }
  }

  /** The program stands still: no answer reaches it meanwhile. */
  pause(ms: number): void {
    this.#clock.pause(ms);
  }

  /** Nothing passes between the program and the disk for so long. What is on its way may still arrive, unanswered. */
  cut(ms: number): void {
    this.#cut_ms = Math.max(this.#cut_ms, this.#time.monotonic_ms + ms);
  }

  get isCut(): boolean {
    return this.#time.monotonic_ms < this.#cut_ms;
  }

  /** Not any more when nothing is to go wrong any more. */
  #isDeadlyNow(): boolean {
    if (!this.#deadly || this.#crashed || this.#disk.faults.deadly === 0) return false;
    return --this.#deadly.commits === 0;
  }

  /** No answer, and nothing after it is carried out. */
  #die(): Promise<never> {
    this.#disk.isDeadly = true;
    this.#line.length = 0;
    this.#diskClock.die();
    return new Promise(() => {});
  }

  #fate(): Fate {
    const { refused, lost_reply, stalled, latency_ms } = this.#disk.faults;
    const random = this.#random;
    const isRefused = random.chance(refused);
    const isLost = random.chance(lost_reply);
    const takes_ms = random.between(0, latency_ms);
    return { isRefused, isLost, takes_ms: random.chance(stalled) ? random.between(9_000, 25_000) : takes_ms };
  }

  #read<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.#inLine(name, 0, false, action);
  }

  async #inLine<T>(name: string, takes_ms: number, isCommit: boolean, action: () => Promise<T>): Promise<T> {
    if (this.#crashed) return new Promise(() => {});
    if (this.#closed) throw failed(name, "it is closed");
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const operation: Operation = { isCommit, carryOut: action };
    this.#line.push(operation);
    const now_ms = this.#time.monotonic_ms;
    this.#free_ms = Math.max(now_ms, this.#free_ms) + takes_ms;
    const wasCut = this.isCut;
    this.#diskClock.after(this.#free_ms - now_ms, () => {
      this.#line.splice(this.#line.indexOf(operation), 1);
      if (wasCut || (this.isCut && this.#random.chance(0.5))) return;
      const isLost = this.isCut;
      operation.carryOut().then(
        (answer) => isLost || this.#clock.whenAwake(() => resolve(answer as T)),
        (error) => isLost || this.#clock.whenAwake(() => reject(error)),
      );
    });
    const result = await within(this.#clock, OPERATION_MS, promise, TOO_LATE);
    if (result !== TOO_LATE) return result as T;
    promise.catch(() => {});
    throw new ApiError("DATABASE_CONNECTION_ERROR", "The store does not answer", { operation: name });
  }
}

function failed(operation: string, reason: string): ApiError {
  return new ApiError("DATABASE_ERROR", `The store failed: ${reason}`, { operation });
}
