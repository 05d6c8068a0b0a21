/** The glyphs of a status and a priority: each tells by its shape, and is read out by the words beside it. */
import "./glyph.css";

type StatusKind = "wait" | "hold" | "pause" | "run" | "needs" | "done" | "fail" | "stop";
export type GlyphKind = StatusKind | "low" | "high" | "critical";

/** `progress`: of a running one, in percent. */
export function Glyph({ kind, progress = 30 }: { kind: GlyphKind; progress?: number }) {
  return (
    <i
      class={`glyph glyph-${kind}`}
      style={kind === "run" ? { "--share": `${progress}%` } : undefined}
      aria-hidden="true"
    />
  );
}
