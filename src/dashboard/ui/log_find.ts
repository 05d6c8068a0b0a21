/** Finds a text in a log that grows at both ends. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { finder } from "../data/log_text.ts";
import type { LogLine } from "../data/log_window.ts";
import { useAhead } from "./ahead.ts";

/** The lines that contain a text. Only new lines are searched again. */
class Hits {
  ids: number[] = [];
  #pattern: RegExp | undefined;
  #lines: readonly LogLine[] = [];
  /** The first and last line that were searched. */
  #from = Infinity;
  #to = -Infinity;

  update(lines: readonly LogLine[], pattern: RegExp | undefined): void {
    const [first, last] = [lines[0]?.id ?? 0, lines.at(-1)?.id ?? -1];
    if (this.#pattern !== pattern || first > this.#to || last < this.#from) {
      this.ids = [];
      [this.#from, this.#to] = [Infinity, -Infinity];
    }
    this.#pattern = pattern;
    this.#lines = lines;
    if (!pattern || lines.length === 0) return;
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
      // `search` ignores the expression's `lastIndex`.
      if (this.#lines[id - first]!.text.search(this.#pattern!) >= 0) found.push(id);
    }
    return found;
  }
}

export interface Find {
  text: string;
  setText: (text: string) => void;
  pattern: RegExp | undefined;
  /** How many lines contain it. */
  count: number;
  /** The position of the current hit, from 1; 0 for none. */
  at: number;
  current: number | undefined;
  /** Goes to the next (1) or previous (-1) hit, the first time starting at line `from`. Returns the line's id. */
  step: (direction: 1 | -1, from: number) => number | undefined;
  /** Writes the text into the address. */
  settle: (text: string) => void;
}

/** `settled`: the text in the address; `put`: writes a text there. */
export function useFind(lines: readonly LogLine[], settled: string, put: (text: string) => void): Find {
  const { value: text, change, settle } = useAhead(settled, put, undefined);
  const [current, setCurrent] = useState<number>();
  const pattern = useMemo(() => finder(text), [text]);
  const hits = useRef<Hits>();
  hits.current ??= new Hits();
  hits.current.update(lines, pattern);
  const { ids } = hits.current;
  useLayoutEffect(() => setCurrent(undefined), [text]);
  return {
    text,
    setText: change,
    pattern,
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

/** The index of the first id that is not below `id`. */
function placeOf(ids: readonly number[], id: number): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
