/** A unified patch as numbered lines. */
import { parsePatch } from "diff";
import type { FileDiff } from "../../../domain/file_diff.ts";
import { DiffStat } from "../../ui/diff_stat.tsx";
import { DiffTable, DiffText } from "./diff_table.tsx";

interface Line {
  kind: "added" | "removed" | "context" | "gap" | "remark";
  old?: number;
  now?: number;
  text: string;
}

export function DiffView({ diff, label }: { diff: FileDiff; label: string }) {
  const { patch, note } = diff;
  const lines = patch === undefined ? [] : linesOf(patch);
  return (
    <>
      {lines.length > 0 && (
        <DiffTable label={label}>
          {lines.map((line, index) => <Row key={index} line={line} />)}
        </DiffTable>
      )}
      {note !== undefined && <p class="diff-note muted">{note}.</p>}
      {lines.length === 0 && note === undefined && <p class="diff-note muted">The text did not change.</p>}
    </>
  );
}

function Row({ line: { kind, old, now, text } }: { line: Line }) {
  return (
    <tr class={`diff-${kind}`}>
      <td class="diff-number">{old}</td>
      <td class="diff-number">{now}</td>
      <DiffText kind={kind}>{text}</DiffText>
    </tr>
  );
}

function linesOf(patch: string): Line[] {
  try {
    return parsePatch(patch).flatMap(({ hunks }) => hunks).flatMap((hunk, index) => {
      let [old, now] = [hunk.oldStart, hunk.newStart];
      const lines = hunk.lines.map((raw): Line => {
        const text = raw.slice(1);
        if (raw[0] === "+") return { kind: "added", now: now++, text };
        if (raw[0] === "-") return { kind: "removed", old: old++, text };
        if (raw[0] === "\\") return { kind: "remark", text: text.trim() };
        return { kind: "context", old: old++, now: now++, text };
      });
      return index === 0 ? lines : [{ kind: "gap", text: "⋯" } as Line, ...lines];
    });
  } catch (error) {
    // An unknown format is shown as it is.
    if (!(error instanceof Error)) throw error;
    return patch.split("\n").map((text) => ({ kind: "context", text }));
  }
}

/** The sum over all diffs, such as `+3 −1`. */
export function DiffCounts({ diffs }: { diffs: readonly Pick<FileDiff, "added" | "removed">[] }) {
  const added = diffs.reduce((sum, diff) => sum + diff.added, 0);
  const removed = diffs.reduce((sum, diff) => sum + (diff.removed ?? 0), 0);
  return <DiffStat additions={added} deletions={removed} />;
}
