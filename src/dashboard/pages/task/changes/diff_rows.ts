/** A unified patch as rows: numbered lines, and the gaps between them. Pure. */

export interface LineRow {
  kind: "added" | "removed" | "context";
  old?: number;
  now?: number;
  text: string;
}

/** Lines that are not shown. `count` is absent for those at the end, whose number a patch does not tell. */
export interface GapRow {
  kind: "gap";
  count?: number;
}

/** What git says about a line, such as that no newline ends the file. */
export interface RemarkRow {
  kind: "remark";
  text: string;
}

export type Row = LineRow | GapRow | RemarkRow;

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Reads as far as the patch goes: a long one is cut, and then its last hunk has fewer lines than its head says. */
export function rowsOf(patch: string): Row[] {
  const rows: Row[] = [];
  let [old, now, oldLeft, nowLeft, end] = [0, 0, 0, 0, 0];
  for (const line of patch.split("\n")) {
    const text = line.slice(1);
    if (line.startsWith("\\")) rows.push({ kind: "remark", text: text.trim() });
    else if (oldLeft <= 0 && nowLeft <= 0) {
      // Where the kind of a file changes, the new one's patch follows the old one's.
      if (line.startsWith("diff --git ")) end = 0;
      const [, oldStart, oldCount = 1, nowStart, nowCount = 1] = HUNK.exec(line) ?? [];
      if (oldStart === undefined) continue;
      [old, now, oldLeft, nowLeft] = [oldStart, nowStart, oldCount, nowCount].map(Number) as [
        number,
        number,
        number,
        number,
      ];
      const hidden = now - 1 - end;
      if (hidden > 0) rows.push({ kind: "gap", count: hidden });
    } else if (line[0] === "+") {
      rows.push({ kind: "added", now: now++, text });
      nowLeft--;
    } else if (line[0] === "-") {
      rows.push({ kind: "removed", old: old++, text });
      oldLeft--;
    } else if (line[0] === " ") {
      rows.push({ kind: "context", old: old++, now: now++, text });
      oldLeft--;
      nowLeft--;
    }
    end = now - 1;
  }
  return rows;
}

/** Which line a comment on this row is about. */
export function placeOf({ kind, old, now }: LineRow): { side: "old" | "new"; line: number } {
  return kind === "removed" ? { side: "old", line: old! } : { side: "new", line: now! };
}

/** The indexes of the rows at which a change begins. */
export function changesIn(rows: readonly Row[]): number[] {
  const isChange = (row: Row | undefined) => row?.kind === "added" || row?.kind === "removed";
  return rows.flatMap((row, index) => isChange(row) && !isChange(rows[index - 1]) ? [index] : []);
}

/** Rows that stand beside each other, by their indexes: what was and what is. A row across both sides is `whole`. */
export type Pair = { left?: number; right?: number } | { whole: number };

/** Removed lines beside the added ones that follow them, in order; context on both sides. */
export function pairsOf(rows: readonly Row[]): Pair[] {
  const pairs: Pair[] = [];
  let [removed, added]: [number[], number[]] = [[], []];
  const flush = () => {
    for (let i = 0; i < Math.max(removed.length, added.length); i++) {
      pairs.push({ left: removed[i], right: added[i] });
    }
    [removed, added] = [[], []];
  };
  rows.forEach(({ kind }, index) => {
    if (kind === "removed") {
      // What comes after added lines is another change.
      if (added.length > 0) flush();
      removed.push(index);
    } else if (kind === "added") added.push(index);
    else {
      flush();
      pairs.push(kind === "context" ? { left: index, right: index } : { whole: index });
    }
  });
  flush();
  return pairs;
}
