/** The changes of records that are being committed, and what they keep waiting. */
import type { Prepared } from "./record_plan.ts";

/** Of a change: the records that it changes, and the versions that it was planned from. */
interface Planned extends Pick<Prepared<unknown, unknown>, "versions"> {
  after: readonly { id: string; held?: unknown }[];
}

export class ChangesUnderWay {
  /** By the record that changes. */
  readonly #changing = new Map<string, UnderWay>();
  /** By the record that is only read. Its removal waits for the change, since no check would notice it. */
  readonly #reading = new Map<string, Set<UnderWay>>();

  changes(id: string): boolean {
    return this.#changing.has(id);
  }

  /** The change of this record. */
  changeOf(id: string): UnderWay | undefined {
    return this.#changing.get(id);
  }

  /** The change that this one must wait for. */
  rivalOf({ versions, after }: Planned): UnderWay | undefined {
    if (this.#changing.size > 0) {
      for (const id of versions.keys()) {
        const rival = this.#changing.get(id);
        if (rival) return rival;
      }
    }
    if (this.#reading.size > 0) {
      for (const { id, held } of after) {
        const [reader] = held ? [] : this.#reading.get(id) ?? [];
        if (reader) return reader;
      }
    }
  }

  begin(planned: Planned): UnderWay {
    const change = new UnderWay(readBesides(planned));
    for (const { id } of planned.after) this.#changing.set(id, change);
    for (const id of change.read) this.#reading.set(id, (this.#reading.get(id) ?? new Set()).add(change));
    return change;
  }

  end({ after }: Planned, change: UnderWay): void {
    for (const { id } of after) this.#changing.delete(id);
    for (const id of change.read) {
      const readers = this.#reading.get(id)!;
      readers.delete(change);
      if (readers.size === 0) this.#reading.delete(id);
    }
    change.end();
  }

  /** Resolves when those that are under way now are over. */
  async all(): Promise<void> {
    await Promise.all(this.#changing.values().map(({ over }) => over));
  }
}

/** A change under way. Few are waited for, so the promise is made only then. */
class UnderWay {
  /** The records that it has read and does not change. */
  readonly read: readonly string[];
  #over: PromiseWithResolvers<void> | undefined;

  constructor(read: readonly string[]) {
    this.read = read;
  }

  /** Resolves at the end of the change, however it ends. To be read before. */
  get over(): Promise<void> {
    this.#over ??= Promise.withResolvers();
    return this.#over.promise;
  }

  end(): void {
    this.#over?.resolve();
  }
}

const NOTHING: readonly string[] = [];

/** What changes is read as well, so most changes have read nothing besides. */
function readBesides({ versions, after }: Planned): readonly string[] {
  if (versions.size === after.length) return NOTHING;
  return [...versions.keys()].filter((id) => !after.some((one) => one.id === id));
}
