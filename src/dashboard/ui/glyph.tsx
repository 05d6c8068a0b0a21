/** Glyphs for statuses and priorities. Shapes differ, not only colors; screen readers read the words beside them. */
import "./glyph.css";

type StatusKind = "wait" | "hold" | "pause" | "run" | "needs" | "review" | "done" | "fail" | "stop";
export type GlyphKind = StatusKind | "low" | "high" | "critical";

/** `progress`: of a running task, in percent. */
export function Glyph({ kind, progress = 30 }: { kind: GlyphKind; progress?: number }) {
  return (
    <i
      class={`glyph glyph-${kind}`}
      style={kind === "run" ? { "--share": `${progress}%` } : undefined}
      aria-hidden="true"
    />
  );
}
