/**
 * The roots of the repositories that tasks work in, by the folder that the task names. They are looked up when a task is
 * about to start, and remembered for a short time.
 */
import { type Clock, within } from "../clock/clock.ts";

/** Meanwhile a folder may have become a repository, or a symbolic link may lead elsewhere. */
const FRESH_MS = 10_000;
/** A look takes less than a millisecond, unless the drive is slow. Only so long do other tasks wait for it. */
const SLOW_MS = 250;
/** After this time a folder that does not answer is taken for a place of its own. */
const LOOK_MAX_MS = 10_000;
const REMEMBERED_MAX = 10_000;

interface Root {
  path: string;
  at_ms: number;
}

export class FolderRoots {
  readonly #clock: Clock;
  readonly #rootOf: (folder: string) => Promise<string>;
  readonly #changed: (folder: string) => void;
  readonly #roots = new Map<string, Root>();
  /** The folders that are being looked up. true: for longer than usual. */
  readonly #looks = new Map<string, boolean>();

  /** `changed` is called when more is known about a folder: its root, or that it takes long. */
  constructor(clock: Clock, rootOf: (folder: string) => Promise<string>, changed: (folder: string) => void) {
    this.#clock = clock;
    this.#rootOf = rootOf;
    this.#changed = changed;
  }

  /** As it was when a task last tried to start there. */
  known(folder: string): string | undefined {
    return this.#roots.get(folder)?.path;
  }

  /** The root as it is now. `soon`, `slow`: it is being looked up, and `changed` will be called. */
  look(folder: string): { path: string } | "soon" | "slow" {
    const isSlow = this.#looks.get(folder);
    if (isSlow !== undefined) return isSlow ? "slow" : "soon";
    const root = this.#roots.get(folder);
    if (root && this.#clock.monotonic() - root.at_ms < FRESH_MS) return root;
    void this.#find(folder);
    return "soon";
  }

  async #find(folder: string): Promise<void> {
    this.#looks.set(folder, false);
    const slow = this.#clock.after(SLOW_MS, () => {
      this.#looks.set(folder, true);
      this.#changed(folder);
    });
    // A folder that is not there fails its task when it starts.
    const found = this.#rootOf(folder).catch(() => folder);
    const path = await within(this.#clock, LOOK_MAX_MS, found, folder);
    slow.cancel();
    this.#looks.delete(folder);
    this.#roots.delete(folder);
    this.#roots.set(folder, { path, at_ms: this.#clock.monotonic() });
    if (this.#roots.size > REMEMBERED_MAX) this.#roots.delete(this.#roots.keys().next().value!);
    this.#changed(folder);
  }
}
