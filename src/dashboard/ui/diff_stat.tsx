/** How many lines were added and removed, such as `+28 −16`. */
import "./diff_stat.css";

/** Shows nothing if no line changed. */
export function DiffStat({ additions, deletions }: { additions: number; deletions: number }) {
  if (additions + deletions === 0) return null;
  return (
    <span class="diff-stat figure">
      <span class="visually-hidden">{additions} lines added, {deletions} removed</span>
      <span class="diff-plus" aria-hidden="true">+{additions}</span>
      <span class="diff-minus" aria-hidden="true">−{deletions}</span>
    </span>
  );
}
