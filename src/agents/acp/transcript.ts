/** Turns what an agent says and does into log entries, activity and the final answer. */
import type { Clock, Timer } from "../../clock/clock.ts";
import { type Activity, createActivity } from "../reporting/activity.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { createOutputTail } from "../reporting/output_tail.ts";
import type { DiffReader, FileDiff } from "./diffs.ts";
import { cut, cutValue, listOf, objectOf, oneLine, pathsOf, textOf } from "./wire_value.ts";

/** Log entries end at a paragraph, at this many characters, or after this long, whichever comes first. */
const LONGEST_ENTRY = 4096;
const FLUSH_AFTER_MS = 1000;
/** Open tool calls whose title and kind are remembered; the oldest is forgotten first. */
const MOST_OPEN_CALLS = 200;
/** A longer input is shown in part, and not kept for comparing what it wrote. */
const LARGEST_INPUT = 200_000;

interface ToolCall {
  title: string;
  kind: string | undefined;
  locations: string[];
  raw_input: unknown;
  /** The whole input, for agents that report only in it what they wrote. */
  input: Record<string, unknown> | undefined;
  diffs: FileDiff[] | undefined;
  announced: boolean;
}

export class Transcript {
  readonly #clock: Clock;
  readonly #events: EventQueue;
  readonly #readDiffs: DiffReader;
  #speech: { thought: boolean; text: string; message_id: string | undefined } | undefined;
  #flush_timer: Timer | undefined;
  #output = createOutputTail();
  /** Id of the message in the output; not all agents give one. */
  #output_of: string | undefined;
  /** Whether the next message chunk begins a new message, and with it a new output. */
  #message_is_over = false;
  #calls = new Map<string, ToolCall>();
  #last_activity = "";
  readonly #activity: Activity;

  /** `activity` events are emitted only while `hasPlan` says that no plan names the current step. */
  constructor(clock: Clock, events: EventQueue, readDiffs: DiffReader, hasPlan: () => boolean) {
    this.#clock = clock;
    this.#events = events;
    this.#readDiffs = readDiffs;
    this.#activity = createActivity(clock, (current_step) => {
      if (!hasPlan()) return events.emit({ kind: "activity", current_step });
    });
  }

  /** The last message of the turn, at most 32 KiB of UTF-8 from its end. */
  get output(): string {
    return this.#output.text().trim();
  }

  /** The title of an open tool call, for a permission request that refers to it. */
  titleOf(tool_call_id: string): string | undefined {
    return this.#calls.get(tool_call_id)?.title;
  }

  /** Takes a chunk of the agent's message or thought. */
  async speech(update: Record<string, unknown>): Promise<void> {
    const thought = update.sessionUpdate === "agent_thought_chunk";
    const text = textOf(objectOf(update.content)?.text);
    if (text === undefined) return;
    const message_id = textOf(update.messageId);
    const current = this.#speech;
    if (current !== undefined && (current.thought !== thought || current.message_id !== message_id)) {
      await this.flush();
    }
    if (!thought) this.#addToOutput(text, message_id);
    this.#speech ??= { thought, text: "", message_id };
    this.#speech.text += text;
    this.#flush_timer ??= this.#clock.after(FLUSH_AFTER_MS, () => void this.flush());
    await this.#emitWholeParagraphs();
  }

  /** Takes a `tool_call` or `tool_call_update`. A call is logged when its input is known, and when it ends. */
  async toolCall(update: Record<string, unknown>): Promise<void> {
    await this.flush();
    this.#message_is_over = true;
    const id = textOf(update.toolCallId) ?? "";
    const call = this.#remember(id, update);
    const status = textOf(update.status);
    const over = status === "completed" || status === "failed";
    const known = Object.keys(objectOf(call.raw_input) ?? {}).length > 0;
    if (!call.announced && !over && (known || status === "in_progress")) {
      call.announced = true;
      this.#doing(call.title);
      await this.#logCall(id, call, status ?? "pending", call.title);
    }
    if (over) {
      this.#calls.delete(id);
      this.#doing(call.title);
      const output = status === "failed" ? failureText(update) : undefined;
      await this.#logCall(id, call, status, `${call.title}: ${output ?? status}`);
    }
  }

  #doing(text: string): void {
    const current_step = oneLine(text, 200);
    if (current_step === "" || current_step === this.#last_activity) return;
    this.#last_activity = current_step;
    this.#activity.set(current_step);
  }

  /** Emits what is left; nothing may follow. */
  async end(): Promise<void> {
    await this.flush();
    await this.#activity.end();
  }

  /** Emits what has been said so far, whole paragraph or not. */
  async flush(): Promise<void> {
    this.#flush_timer?.cancel();
    this.#flush_timer = undefined;
    const speech = this.#speech;
    this.#speech = undefined;
    if (speech !== undefined) await this.#emitSpeech(speech.text, speech.thought);
  }

  #addToOutput(text: string, message_id: string | undefined): void {
    if (this.#message_is_over || message_id !== this.#output_of) this.#output = createOutputTail();
    this.#message_is_over = false;
    this.#output_of = message_id;
    this.#output.add(text);
  }

  async #emitWholeParagraphs(): Promise<void> {
    const speech = this.#speech;
    if (speech === undefined) return;
    const end = speech.text.lastIndexOf("\n\n");
    const whole = speech.text.length > LONGEST_ENTRY ? speech.text.length : end < 0 ? 0 : end + 2;
    if (whole === 0) return;
    const text = speech.text.slice(0, whole);
    speech.text = speech.text.slice(whole);
    await this.#emitSpeech(text, speech.thought);
  }

  async #emitSpeech(text: string, thought: boolean): Promise<void> {
    for (let at = 0; at < text.length;) {
      let end = Math.min(at + LONGEST_ENTRY, text.length);
      // A surrogate pair stays in one entry.
      if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end--;
      const message = text.slice(at, end).trim();
      at = end;
      if (message === "") continue;
      await this.#events.emit({ kind: "log", level: thought ? "debug" : "info", message, source: "agent" });
      if (!thought) this.#doing(message.split("\n").at(-1)!);
    }
  }

  #remember(id: string, update: Record<string, unknown>): ToolCall {
    const earlier = this.#calls.get(id);
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
    this.#calls.set(id, call);
    if (this.#calls.size > MOST_OPEN_CALLS) {
      for (const oldest of this.#calls.keys()) {
        this.#calls.delete(oldest);
        break;
      }
    }
    return call;
  }

  #logCall(id: string, call: ToolCall, status: string, message: string): Promise<void> {
    const details: Record<string, unknown> = { tool_call_id: id, kind: call.kind ?? "other", status };
    if (call.locations.length > 0) details.locations = call.locations;
    if (call.raw_input !== undefined) details.raw_input = call.raw_input;
    // Before the end they are only intended, and may still be denied.
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
