/** What a permission request asks for, in words. Pages show them, and need no schema for that. */
import type { PermissionRequest } from "./permission_request.ts";

/** The places outside the task's folders that a request names, as far as the server has looked for them. */
export function outsideOf({ tool_call: { outside } }: Pick<PermissionRequest, "tool_call">): string[] {
  return Array.isArray(outside) ? outside.map(String) : [];
}

/** What an answer that is remembered counts for, in words; undefined if it cannot be remembered. */
export function rememberedText(
  { remembers }: Pick<PermissionRequest, "remembers">,
): string | undefined {
  if (remembers === undefined) return undefined;
  const { agent, kind, command, paths = [] } = remembers;
  const what = command === undefined ? `the tool “${kind}” on ${paths.join(", ")}` : `exactly “${command}”`;
  return `${what}, when ${agent} asks`;
}

/** What a request asks for, in a line. */
export function askedText(request: Pick<PermissionRequest, "title" | "tool_call">): string {
  const { kind } = request.tool_call;
  const what = titleWithPlaces(request);
  // Some agents name only the file.
  const isPath = /^\S*\/\S*$/.test(request.title);
  return isPath && typeof kind === "string" && kind !== "other" ? `${kind}: ${what}` : what;
}

/** The title of a request, with the places outside the task's folders. */
export function titleWithPlaces(request: Pick<PermissionRequest, "title" | "tool_call">): string {
  const outside = outsideOf(request);
  return outside.length === 0
    ? request.title
    : `${request.title} (outside the task's folder: ${outside.join(", ")})`;
}
