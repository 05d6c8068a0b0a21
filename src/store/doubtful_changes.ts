/**
 * Records that a failed commit may still have changed. Each is read again until its state is known. Otherwise nobody
 * would find a record that was created or queued by such a commit.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";

const log = getLogger(["opencode-agents", "store"]);

/** The delay between tries while the store cannot be read. */
const LEARN_AGAIN_MS = 5_000;

export class DoubtfulChanges {
  readonly #kind: string;
  readonly #clock: Clock;
  readonly #look: (id: string, by: Actor) => Promise<void>;
  /** The records' ids, and who asked for the change. */
  readonly #doubtful = new Map<string, Actor>();
  #learning: Promise<void> | undefined;
  #again: Timer | undefined;
  #closed = false;

  /** `look`: reads the record again. It rejects while the store cannot be read. */
  constructor(kind: string, clock: Clock, look: (id: string, by: Actor) => Promise<void>) {
    this.#kind = kind;
    this.#clock = clock;
    this.#look = look;
  }

  /** Whether the outcome of every change is known. */
  get isSettled(): boolean {
    return this.#doubtful.size === 0 && this.#learning === undefined;
  }

  add(id: string, by: Actor): void {
    this.#doubtful.set(id, by);
  }

  /** Stops reading. The next server finds the outcome when it loads the records. */
  close(): void {
    this.#closed = true;
    this.#again?.cancel();
  }

  /** Reads all doubtful records, and retries later those that cannot be read. */
  learn(except: Pick<ReadonlySet<string>, "has"> = new Set()): Promise<void> {
    if (this.#closed || !this.hasOtherThan(except)) return this.#learning ?? Promise.resolve();
    return this.#learning ??= this.#lookAtAll(except).finally(() => this.#learning = undefined);
  }

  /** Whether a record besides these is in doubt. */
  hasOtherThan(except: Pick<ReadonlySet<string>, "has">): boolean {
    return this.#doubtful.keys().some((id) => !except.has(id));
  }

  /** Takes these records out of doubt, because the caller reads them now. Returns those that were in doubt. */
  take(ids: Iterable<string>): [id: string, by: Actor][] {
    const taken: [string, Actor][] = [];
    for (const id of ids) {
      const by = this.#doubtful.get(id);
      if (by && this.#doubtful.delete(id)) taken.push([id, by]);
    }
    return taken;
  }

  async #lookAtAll(except: Pick<ReadonlySet<string>, "has">): Promise<void> {
    this.#again?.cancel();
    try {
      for (const [id, by] of this.#doubtful) {
        if (except.has(id)) continue;
        // Deleted first, because another change of the record may become doubtful meanwhile.
        this.#doubtful.delete(id);
        await this.#look(id, by).catch((error) => {
          this.#doubtful.set(id, by);
          throw error;
        });
      }
    } catch (error) {
      log.warn("What became of a failed change of {name} is not known yet: {error}", {
        name: this.#kind,
        error,
      });
      if (!this.#closed) this.#again = this.#clock.after(LEARN_AGAIN_MS, () => void this.learn());
    }
  }
}
