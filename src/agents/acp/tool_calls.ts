/** An agent's tool calls as log entries. */
import type { EventQueue } from "../reporting/event_queue.ts";
import type { FileDiff } from "../../domain/file_diff.ts";
import type { DiffReader } from "./diffs.ts";
import { LONGEST_ENTRY } from "./speech.ts";
import { cut, cutValue, listOf, objectOf, oneLine, pathsOf, textOf } from "./wire_value.ts";

/** Open calls whose title and kind are remembered; the oldest is forgotten first. */
const MOST_OPEN = 200;
/** A longer input is shown only in part, and not kept to find out what it wrote. */
const LARGEST_INPUT = 200_000;

interface ToolCall {
  title: string;
  kind: string | undefined;
  locations: string[];
  raw_input: unknown;
  /** The whole input, for agents that report what they wrote only there. */
  input: Record<string, unknown> | undefined;
  diffs: FileDiff[] | undefined;
  announced: boolean;
}

export class ToolCalls {
  readonly #events: EventQueue;
  readonly #readDiffs: DiffReader;
  readonly #onDoing: (title: string) => void;
  #open = new Map<string, ToolCall>();

  /** `onDoing`: called with the title of a call that begins or ends. */
  constructor(events: EventQueue, readDiffs: DiffReader, onDoing: (title: string) => void) {
    this.#events = events;
    this.#readDiffs = readDiffs;
    this.#onDoing = onDoing;
  }

  /** The title of an open call. */
  titleOf(tool_call_id: string): string | undefined {
    return this.#open.get(tool_call_id)?.title;
  }

  /** Takes a `tool_call` or `tool_call_update`. A call is logged when its input is known, and when it ends. */
  async update(update: Record<string, unknown>): Promise<void> {
    const id = textOf(update.toolCallId) ?? "";
    const call = this.#remember(id, update);
    const status = textOf(update.status);
    const over = status === "completed" || status === "failed";
    const known = Object.keys(objectOf(call.raw_input) ?? {}).length > 0;
    if (!call.announced && !over && (known || status === "in_progress")) {
      call.announced = true;
      this.#onDoing(call.title);
      await this.#log(id, call, status ?? "pending", call.title);
    }
    if (over) {
      this.#open.delete(id);
      this.#onDoing(call.title);
      const output = status === "failed" ? failureText(update) : undefined;
      await this.#log(id, call, status, `${call.title}: ${output ?? status}`);
    }
  }

  #remember(id: string, update: Record<string, unknown>): ToolCall {
    const earlier = this.#open.get(id);
    const input = objectOf(cutValue(update.rawInput, LARGEST_INPUT)) ?? earlier?.input;
    const call: ToolCall = {
      title: oneLine(textOf(update.title) ?? earlier?.title ?? "Tool call", 500),
      kind: textOf(update.kind) ?? earlier?.kind,
      locations: update.locations === undefined ? earlier?.locations ?? [] : pathsOf(update.locations),
      raw_input: cutValue(update.rawInput, 2048) ?? earlier?.raw_input,
      input,
      diffs: this.#readDiffs({ ...update, rawInput: input }) ?? earlier?.diffs,
      announced: earlier?.announced ?? false,
    };
    this.#open.set(id, call);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST_OPEN) this.#open.delete(oldest!);
    return call;
  }

  #log(id: string, call: ToolCall, status: string, message: string): Promise<void> {
    const details: Record<string, unknown> = { tool_call_id: id, kind: call.kind ?? "other", status };
    if (call.locations.length > 0) details.locations = call.locations;
    if (call.raw_input !== undefined) details.raw_input = call.raw_input;
    // Before the call ends, the changes are only planned and may still be denied.
    if (call.diffs !== undefined && status === "completed") details.diffs = call.diffs;
    return this.#events.emit({
      kind: "log",
      level: status === "failed" ? "warn" : "info",
      message: cut(message, LONGEST_ENTRY),
      source: "tool",
      details,
    });
  }
}

/** Why a tool call failed, as far as its update says. */
function failureText(update: Record<string, unknown>): string | undefined {
  const output = update.rawOutput;
  const direct = textOf(output) ?? textOf(objectOf(output)?.error);
  const shown = listOf(update.content).map((part) => textOf(objectOf(objectOf(part)?.content)?.text)).find(
    Boolean,
  );
  const text = direct ?? shown;
  return text === undefined ? undefined : `failed: ${cut(text.trim(), 1000)}`;
}
