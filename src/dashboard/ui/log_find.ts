/** Where a text is found in a log that grows at both ends. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { finder } from "../data/log_text.ts";
import type { LogLine } from "../data/log_window.ts";
import { useAhead } from "./ahead.ts";

/** The lines that hold a text; of a log that was looked through only what is new is looked at. */
class Hits {
  ids: number[] = [];
  #wanted: RegExp | undefined;
  #lines: readonly LogLine[] = [];
  /** The first and last line that were looked at. */
  #from = Infinity;
  #to = -Infinity;

  update(lines: readonly LogLine[], wanted: RegExp | undefined): void {
    const [first, last] = [lines[0]?.id ?? 0, lines.at(-1)?.id ?? -1];
    if (this.#wanted !== wanted || first > this.#to || last < this.#from) {
      this.ids = [];
      [this.#from, this.#to] = [Infinity, -Infinity];
    }
    this.#wanted = wanted;
    this.#lines = lines;
    if (!wanted || lines.length === 0) return;
    if (this.#from > this.#to) this.ids = this.#within(first, last);
    else {
      if (first < this.#from) this.ids = [...this.#within(first, this.#from - 1), ...this.ids];
      if (last > this.#to) { for (const id of this.#within(this.#to + 1, last)) this.ids.push(id); }
    }
    if (this.ids.length > 0 && this.ids[0]! < first) this.ids = this.ids.filter((id) => id >= first);
    [this.#from, this.#to] = [first, last];
  }

  #within(from: number, to: number): number[] {
    const found: number[] = [];
    const first = this.#lines[0]!.id;
    for (let id = from; id <= to; id++) {
      // `search` begins at the beginning, whatever the expression was used for before.
      if (this.#lines[id - first]!.text.search(this.#wanted!) >= 0) found.push(id);
    }
    return found;
  }
}

export interface Find {
  text: string;
  setText: (text: string) => void;
  wanted: RegExp | undefined;
  /** Lines that hold it. */
  count: number;
  /** Which of them the search stands at, from 1; 0 at none. */
  at: number;
  current: number | undefined;
  /** Goes to the next one after (1) or before (-1) the present one, at first from line `from` on; its id. */
  step: (direction: 1 | -1, from: number) => number | undefined;
  /** Writes a text into the address. */
  settle: (text: string) => void;
}

/** `settled`: the text in the address; `put`: writes one there. */
export function useFind(lines: readonly LogLine[], settled: string, put: (text: string) => void): Find {
  const { value: text, change, settle } = useAhead(settled, put, undefined);
  const [current, setCurrent] = useState<number>();
  const wanted = useMemo(() => finder(text), [text]);
  const hits = useRef<Hits>();
  hits.current ??= new Hits();
  hits.current.update(lines, wanted);
  const { ids } = hits.current;
  useLayoutEffect(() => setCurrent(undefined), [text]);
  return {
    text,
    setText: change,
    wanted,
    count: ids.length,
    at: current === undefined ? 0 : placeOf(ids, current) + 1,
    current,
    step(direction, from) {
      if (ids.length === 0) return undefined;
      const start = current ?? from - direction;
      const next = direction === 1 ? placeOf(ids, start + 1) : placeOf(ids, start) - 1;
      const id = ids[(next + ids.length) % ids.length]!;
      setCurrent(id);
      return id;
    },
    settle,
  };
}

/** The place of the first that is not below `id`. */
function placeOf(ids: readonly number[], id: number): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
