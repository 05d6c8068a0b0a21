/** A permission request in full, as lines of a terminal. Pure. */
import { outsideOf, rememberedText } from "../domain/asked_words.ts";
import type { FileDiff } from "../domain/file_diff.ts";
import type { PermissionRequest } from "../domain/permission_request.ts";
import { clean } from "./text.ts";

type Asked = Pick<PermissionRequest, "title" | "tool_call" | "remembers">;

/** What the agent wants to do: its command, its change or its input, with nothing left out that the server knows. */
export function requestLines({ title, tool_call, remembers }: Asked): string[] {
  const { kind, raw_input, explanation, locations, diffs } = tool_call;
  const outside = outsideOf({ tool_call });
  const input = remembers?.command === undefined ? raw_input : withoutCommand(raw_input, remembers.command);
  return [
    `${typeof kind === "string" && kind !== "other" ? `${kind}: ` : ""}${title}`,
    ...outside.length > 0 ? [`Outside the task's folder: ${outside.join(", ")}`] : [],
    ...typeof explanation === "string" ? ["", ...explanation.split("\n")] : [],
    ...remembers?.command === undefined
      ? []
      : ["", ...remembers.command.split("\n").map((line) => `  ${line}`)],
    ...Array.isArray(diffs) ? (diffs as FileDiff[]).flatMap(diffLines) : inputLines(input),
    ...Array.isArray(locations) && diffs === undefined && raw_input === undefined
      ? ["", ...locations.map((path) => `  ${path}`)]
      : [],
  ].map((line) => clean(line).replaceAll("\t", "    "));
}

/** What an answer for always counts for, in a sentence; undefined if it can count once only. */
export function scopeLine(asked: Pick<PermissionRequest, "remembers">): string | undefined {
  const scope = rememberedText(asked);
  return scope && clean(`"Always" is ${scope}.`);
}

function diffLines({ path, patch, note }: FileDiff): string[] {
  const lines = patch === undefined ? [path] : patch.trimEnd().split("\n");
  return ["", ...lines, ...note === undefined ? [] : [`(${note}.)`]];
}

function inputLines(input: unknown): string[] {
  if (input === undefined || input === null) return [];
  if (typeof input !== "object" || Array.isArray(input)) return ["", ...textOf(input)];
  const fields = Object.entries(input);
  return fields.length === 0 ? [] : [
    "",
    ...fields.flatMap(([name, value]) => {
      const [first = "", ...more] = textOf(value);
      return [`${name}: ${first}`, ...more.map((line) => `  ${line}`)];
    }),
  ];
}

function textOf(value: unknown): string[] {
  return (typeof value === "string" ? value : JSON.stringify(value, null, 2)).split("\n");
}

/** The command is shown by itself. */
function withoutCommand(input: unknown, command: string): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== command));
}
