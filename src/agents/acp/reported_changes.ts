/** The changes that a tool call reports in the protocol's own way: content parts of the type `diff`. Pure. */
import { changeOf, type FileChange } from "./file_change.ts";
import { objectsOf, textOf } from "./wire_value.ts";

/** Reads a `tool_call`, an update of one, or the tool call of a permission request. */
export function reportedChanges(call: Record<string, unknown>): FileChange[] {
  const parts = objectsOf(call.content).filter((part) => part.type === "diff");
  const places = objectsOf(call.locations);
  return parts.flatMap((part, index) => {
    const path = textOf(part.path);
    if (path === undefined || typeof part.newText !== "string") return [];
    const created = typeof part.oldText !== "string";
    const change = changeOf(path, created ? "" : part.oldText as string, part.newText, created);
    // Some agents report only the text around an edit, with its place in `locations`.
    const place = places.length === parts.length ? places[index] : undefined;
    const line = place?.path === path && Number.isInteger(place.line) ? Number(place.line) : 1;
    for (const hunk of line > 1 ? change.hunks : []) {
      hunk.oldStart += line - 1;
      hunk.newStart += line - 1;
    }
    return [change];
  });
}
