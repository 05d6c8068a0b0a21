/** Whether a tool's input says no more than the changes that are shown with it. Pure. */
import type { FileDiff } from "../../../domain/file_diff.ts";

/** Shorter texts, such as a path or a switch, are no content. */
const SHORT = 200;

/** There are longer texts in the input, and each line of them stands in a patch. Short values take no room. */
export function repeatsDiffs(input: unknown, diffs: readonly FileDiff[]): boolean {
  if (diffs.length === 0) return false;
  const lines = new Set<string>();
  for (const { patch, note } of diffs) {
    // Something is missing in it.
    if (patch === undefined || note !== undefined) return false;
    for (const line of patch.split("\n")) lines.add(line.slice(1).trimEnd());
  }
  const texts = textsIn(input).filter((text) => text.length > SHORT || text.includes("\n"));
  const isKnown = (line: string) => line.trim() === "" || lines.has(line.trimEnd());
  return texts.length > 0 && texts.every((text) => text.split("\n").every(isKnown));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
