/** Finds in the updates of a tool call what the tool has printed. Pure. */
import { listOf, objectOf, textOf } from "./wire_value.ts";

/** `new`: what was printed since the update before. `whole`: all of it so far, or the end of that. */
export type Printed = { new: string } | { whole: string };

/** Where agents put the output of a command that has ended. */
const RAW_FIELDS = ["output", "aggregated_output", "formatted_output", "stdout"];

/**
 * What an update of a call of this kind shows of the output; undefined for nothing. Only commands print: what other tools
 * return is for the model.
 */
export function outputOf(update: Record<string, unknown>, kind: string | undefined): Printed | undefined {
  const meta = objectOf(update._meta);
  const added = textOf(objectOf(meta?.terminal_output_delta)?.data);
  if (added !== undefined) return { new: added };
  const replaced = textOf(objectOf(meta?.terminal_output)?.data);
  if (replaced !== undefined) return { whole: replaced };
  // Before that, a content says what the command is for.
  const hasBegun = update.status === "in_progress" || update.status === "completed" ||
    update.status === "failed";
  if (kind !== "execute" || !hasBegun || update.sessionUpdate !== "tool_call_update") return undefined;
  const text = shownText(update) ?? rawText(update.rawOutput);
  return text === undefined ? undefined : { whole: text };
}

/** The text that a call's content shows, without the fences around it. */
export function shownText(update: Record<string, unknown>): string | undefined {
  const texts = listOf(update.content).flatMap((part) =>
    textOf(objectOf(objectOf(part)?.content)?.text) ?? []
  );
  if (texts.length === 0) return undefined;
  return texts.join("").replace(/^```\w*\n([^]*?)\n```\n?$/, "$1");
}

function rawText(raw: unknown): string | undefined {
  return textOf(raw) ??
    RAW_FIELDS.map((field) => textOf(objectOf(raw)?.[field])).find((text) => text !== undefined);
}
