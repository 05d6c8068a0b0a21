/** A unified patch as rows: numbered lines, and the gaps between them. Pure. */
import { parsePatch } from "diff";

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
interface RemarkRow {
  kind: "remark";
  text: string;
}

export type Row = LineRow | GapRow | RemarkRow;

export function rowsOf(patch: string): Row[] {
  const rows: Row[] = [];
  let end = 0;
  for (const { hunks } of parsePatch(patch)) {
    for (const hunk of hunks) {
      let [old, now] = [hunk.oldStart, hunk.newStart];
      const hidden = Math.max(0, now - 1 - end);
      if (hidden > 0) rows.push({ kind: "gap", count: hidden });
      for (const raw of hunk.lines) {
        const text = raw.slice(1);
        if (raw[0] === "+") rows.push({ kind: "added", now: now++, text });
        else if (raw[0] === "-") rows.push({ kind: "removed", old: old++, text });
        else if (raw[0] === "\\") rows.push({ kind: "remark", text: text.trim() });
        else rows.push({ kind: "context", old: old++, now: now++, text });
      }
      end = now - 1;
    }
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
