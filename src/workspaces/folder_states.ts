/**
 * Looks at folders for the tasks that work in them. Tasks that ask at the same time share an answer: a look that begins after
 * they have asked is as good for all of them.
 */
import { join } from "node:path";
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { removeTree } from "../host/remove_tree.ts";
import { exists } from "./file_facts.ts";
import { type FolderState, folderState, isSame } from "./folder_state.ts";
import type { Git } from "./git.ts";

/** No task waits longer for a snapshot. */
const LOOK_MS = 10_000;
/** A folder that is too large is not looked at again before this. */
const REST_MS = 600_000;
/** How many folders are remembered. */
const FOLDERS_MAX = 32;

/** It is ended once nobody waits for it any more. */
interface Look {
  state: Promise<FolderState | undefined>;
  end: AbortController;
  waiting: number;
}

interface Lane {
  /** The look under way, and the one after it. */
  running?: Look;
  next?: Look;
  last?: { state: FolderState; room: string };
  /** Why it is not looked at, and until when in monotonic milliseconds. */
  resting?: { until_ms: number; why: ApiError };
}

export class FolderStates {
  readonly #git: Git;
  readonly #clock: Clock;
  readonly #apart: string;
  readonly #newRoom: () => Promise<string>;
  readonly #lanes = new Map<string, Lane>();

  /** `apart`: the server's data folder. `newRoom` makes an empty folder. */
  constructor(git: Git, clock: Clock, apart: string, newRoom: () => Promise<string>) {
    this.#git = git;
    this.#clock = clock;
    this.#apart = apart;
    this.#newRoom = newRoom;
  }

  /**
   * The folder's state at a moment after the call. Undefined outside a repository with files. Throws `ApiError` if it cannot be
   * found out in time, or `signal` aborts.
   */
  async of(folder: string, signal: AbortSignal): Promise<FolderState | undefined> {
    // Most folders are in no repository, and no program needs to run to see that.
    if (!await mayBeRepository(folder)) return undefined;
    const lane = this.#lane(folder);
    const { resting } = lane;
    if (resting !== undefined && this.#clock.monotonic() < resting.until_ms) throw resting.why;
    return await joined(this.#shared(lane, folder), signal);
  }

  #lane(folder: string): Lane {
    const lane = this.#lanes.get(folder) ?? {};
    // The one that was asked for last stands last.
    this.#lanes.delete(folder);
    this.#lanes.set(folder, lane);
    for (const [other, { running, last }] of this.#lanes) {
      if (this.#lanes.size <= FOLDERS_MAX) break;
      if (running !== undefined) continue;
      this.#lanes.delete(other);
      if (last) void removeTree(last.room).catch(() => {});
    }
    return lane;
  }

  #shared(lane: Lane, folder: string): Look {
    const { running, next } = lane;
    if (next !== undefined && !next.end.signal.aborted) return next;
    const before = next ?? running;
    const turn = before?.state.then(() => {}, () => {}) ?? Promise.resolve();
    const look: Look = {
      end: new AbortController(),
      waiting: 0,
      state: turn.then(() => this.#carriedOut(lane, look, folder)),
    };
    if (before === undefined) lane.running = look;
    else lane.next = look;
    return look;
  }

  async #carriedOut(lane: Lane, look: Look, folder: string): Promise<FolderState | undefined> {
    lane.running = look;
    if (lane.next === look) lane.next = undefined;
    try {
      return await this.#look(lane, folder, look.end);
    } finally {
      if (lane.running === look) lane.running = undefined;
    }
  }

  async #look(lane: Lane, folder: string, end: AbortController): Promise<FolderState | undefined> {
    let isLate = false;
    const timer = this.#clock.after(LOOK_MS, () => {
      isLate = true;
      end.abort();
    });
    const { last } = lane;
    let room: string | undefined;
    try {
      if (last !== undefined && await isSame(this.#git, last.state, end.signal, this.#apart)) {
        return last.state;
      }
      room = await this.#newRoom();
      const state = await folderState(this.#git, folder, room, end.signal, this.#apart);
      if (state !== undefined) {
        lane.last = { state, room };
        room = last?.room;
      }
      return state;
    } catch (error) {
      const why = isLate
        ? new ApiError("FILESYSTEM_ERROR", `git did not read it in ${LOOK_MS / 1000} s`, {
          file_path: folder,
        })
        : error as ApiError;
      if (isLate || why.details?.operation === "snapshot") {
        lane.resting = { until_ms: this.#clock.monotonic() + REST_MS, why };
      }
      throw why;
    } finally {
      timer.cancel();
      if (room !== undefined) await removeTree(room).catch(() => {});
    }
  }
}

/** Whether the folder or one above it has a `.git`. */
async function mayBeRepository(folder: string): Promise<boolean> {
  for (let at = folder;;) {
    if (await exists(join(at, ".git"))) return true;
    const above = join(at, "..");
    if (above === at) return false;
    at = above;
  }
}

/** Waits for a look until `signal` aborts. Who leaves last ends it, so that nothing is left of it afterwards. */
async function joined(look: Look, signal: AbortSignal): Promise<FolderState | undefined> {
  const left = Promise.withResolvers<"left">();
  const leave = () => left.resolve("left");
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  look.waiting++;
  let first: FolderState | undefined | "left";
  try {
    first = await Promise.race([look.state, left.promise]);
  } finally {
    look.waiting--;
    signal.removeEventListener("abort", leave);
  }
  if (first !== "left") return first;
  if (look.waiting === 0) {
    look.end.abort();
    await look.state.catch(() => {});
  }
  throw signal.reason;
}
