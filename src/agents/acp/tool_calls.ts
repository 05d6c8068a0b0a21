/** An agent's tool calls as log entries. */
import type { Clock } from "../../clock/clock.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { FileDiff } from "../../domain/file_diff.ts";
import type { DiffReader } from "./diffs.ts";
import { LONGEST_ENTRY } from "./speech.ts";
import { ToolOutput } from "./tool_output.ts";
import { outputOf, type Printed, shownText } from "./tool_printed.ts";
import { cut, cutValue, objectOf, oneLine, pathsOf, textOf } from "./wire_value.ts";

/** Open calls whose title and kind are remembered; the oldest is forgotten first. */
const MOST_OPEN = 200;
/** A longer input is shown only in part, and not kept to find out what it wrote. */
const LARGEST_INPUT = 200_000;
/** How many characters of output all calls may show in a second. */
const MOST_PER_SECOND = 64 * 1024;

interface ToolCall {
  title: string;
  kind: string | undefined;
  locations: string[];
  raw_input: unknown;
  /** The whole input, for agents that report what they wrote only there. */
  input: Record<string, unknown> | undefined;
  diffs: FileDiff[] | undefined;
  announced: boolean;
  output: ToolOutput | undefined;
}

export class ToolCalls {
  readonly #clock: Clock;
  readonly #events: EventQueue;
  readonly #readDiffs: DiffReader;
  readonly #onDoing: (title: string) => void;
  #open = new Map<string, ToolCall>();
  /** How much output was shown since that time. */
  #shown = { since_ms: -Infinity, characters: 0 };

  /** `onDoing`: called with the title of a call that begins or ends. */
  constructor(clock: Clock, events: EventQueue, readDiffs: DiffReader, onDoing: (title: string) => void) {
    this.#clock = clock;
    this.#events = events;
    this.#readDiffs = readDiffs;
    this.#onDoing = onDoing;
  }

  /** The title of the call that began last and has not ended. */
  get openCall(): string | undefined {
    return [...this.#open.values()].findLast(({ announced }) => announced)?.title;
  }

  /** What an open call has told so far of what it does, as the protocol names it; undefined if it is not known. */
  callOf(tool_call_id: string): Record<string, unknown> | undefined {
    const call = this.#open.get(tool_call_id);
    if (call === undefined) return undefined;
    const { title, kind, input, locations } = call;
    return { title, kind, rawInput: input, locations: locations.map((path) => ({ path })) };
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
    await this.#print(id, call, outputOf(update, call.kind));
    if (over) {
      this.#open.delete(id);
      await call.output?.end();
      this.#onDoing(call.title);
      const why = status === "failed" ? failureText(update, call.output) : undefined;
      await this.#log(id, call, status, `${call.title}: ${why ?? status}`);
    }
  }

  /** Takes the call of a permission request. Some agents say only there what the call does. */
  async asked(call: Record<string, unknown>): Promise<void> {
    const open = this.#open.get(textOf(call.toolCallId) ?? "");
    if (open === undefined || open.announced) return;
    await this.update({ ...call, sessionUpdate: "tool_call_update", status: undefined });
  }

  /** Shows what the calls have printed that are still open. */
  async end(): Promise<void> {
    for (const { output } of this.#open.values()) await output?.end();
  }

  async #print(id: string, call: ToolCall, printed: Printed | undefined): Promise<void> {
    if (printed === undefined) return;
    call.output ??= new ToolOutput({
      clock: this.#clock,
      emit: (message, left_out) => {
        const details = { tool_call_id: id, output: true, left_out: left_out || undefined };
        const before = left_out === 0 ? "" : `… ${left_out} characters left out …\n`;
        return this.#events.emit({
          kind: "log",
          level: "info",
          message: before + message,
          source: "tool",
          details,
        });
      },
      mayShow: (characters) => this.#mayShow(characters),
    });
    await ("new" in printed ? call.output.add(printed.new) : call.output.replace(printed.whole));
  }

  /** All calls together may show only so much at a time. */
  #mayShow(characters: number): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#shown.since_ms >= 1000) this.#shown = { since_ms: now, characters: 0 };
    if (this.#shown.characters + characters > MOST_PER_SECOND) return false;
    this.#shown.characters += characters;
    return true;
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
      output: earlier?.output,
    };
    this.#open.set(id, call);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST_OPEN) {
      void this.#open.get(oldest!)?.output?.end();
      this.#open.delete(oldest!);
    }
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

/** Why a tool call failed, as far as its update says, or what it printed. That is in the log already but for its last line. */
function failureText(update: Record<string, unknown>, output: ToolOutput | undefined): string | undefined {
  const raw = update.rawOutput;
  const text = output === undefined || output.isEmpty
    ? textOf(raw) ?? textOf(objectOf(raw)?.error) ?? shownText(update)
    : output.lastLine;
  return text === undefined || text.trim() === "" ? undefined : `failed: ${cut(text.trim(), 1000)}`;
}
