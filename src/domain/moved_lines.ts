/** Where lines of a file are in a later version of it. Pure. */

/** A place where two versions differ: `old_count` lines from `old_start` on have become `new_count` lines. */
export interface Hunk {
  /** Counts from 1. If `old_count` is 0, the line after which lines were inserted, which is 0 at the beginning. */
  old_start: number;
  old_count: number;
  new_count: number;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** The hunks of one file's patch, which was made with no context. */
export function hunksOf(patch: string): Hunk[] {
  return patch.split("\n").flatMap((line) => {
    const found = HUNK.exec(line);
    if (!found) return [];
    const [, start, old_count = "1", new_count = "1"] = found;
    return [{ old_start: Number(start), old_count: Number(old_count), new_count: Number(new_count) }];
  });
}

export interface LineRange {
  line: number;
  end_line: number;
}

/** Where the lines are after the change; undefined if one of them has changed, is gone, or lines came between them. */
export function movedLines(hunks: readonly Hunk[], { line, end_line }: LineRange): LineRange | undefined {
  let shift = 0;
  for (const { old_start, old_count, new_count } of hunks) {
    const first = old_count === 0 ? old_start + 1 : old_start;
    const after = first + old_count;
    if (after <= line) shift += new_count - old_count;
    else if (old_count === 0 ? first > line && first <= end_line : first <= end_line) return undefined;
  }
  return { line: line + shift, end_line: end_line + shift };
}
