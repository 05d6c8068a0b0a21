/** The status glyphs of the face: each tells by its shape, and is read out by the words beside it. */
import "./glyph.css";

export type GlyphKind = "wait" | "hold" | "pause" | "run" | "needs" | "done" | "fail" | "stop";

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
