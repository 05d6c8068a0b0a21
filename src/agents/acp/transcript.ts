/** What an agent says and does, as log entries, activity and the final answer. */
import type { Clock, Timer } from "../../clock/clock.ts";
import type { RunEvent } from "../../domain/run.ts";
import { diffsOf, type FileDiff } from "./diffs.ts";
import { type Activity, createActivity } from "../supervision/activity.ts";
import { createOutputTail } from "../supervision/output_tail.ts";
import { cut, cutValue, listOf, objectOf, oneLine, textOf } from "./wire_value.ts";

/** Log entries end at a paragraph, at this many characters, or after this long, whichever comes first. */
const LONGEST_ENTRY = 4096;
const FLUSH_AFTER_MS = 1000;
/** Tool calls at work whose title and kind are remembered; the oldest is forgotten first. */
const MOST_OPEN_CALLS = 200;
/** An input with more is told in part, and not kept for comparing what it wrote. */
const LARGEST_INPUT = 200_000;

type Emit = (event: RunEvent) => Promise<void>;

interface ToolCall {
  title: string;
  kind: string | undefined;
  locations: string[];
  raw_input: unknown;
  /** The whole of it, for agents that report by it alone what they wrote. */
  input: Record<string, unknown> | undefined;
  diffs: FileDiff[] | undefined;
  announced: boolean;
}

export class Transcript {
  #speech: { thought: boolean; text: string; message_id: string | undefined } | undefined;
  #flush_timer: Timer | undefined;
  #output = createOutputTail();
  /** Id of the message in it; not all agents give one. */
  #output_of: string | undefined;
  /** Whether the next message chunk begins a message, and with it the output, anew. */
  #message_is_over = false;
  #calls = new Map<string, ToolCall>();
  #last_activity = "";
  readonly #activity: Activity;

  /** `activity` events leave only while `hasPlan` says that no plan names the current step. */
  constructor(
    private readonly clock: Clock,
    private readonly emit: Emit,
    private readonly working_dir: string,
    hasPlan: () => boolean,
  ) {
    this.#activity = createActivity(clock, (current_step) => {
      if (!hasPlan()) return emit({ kind: "activity", current_step });
    });
  }

  /** The last message of the turn, at most 32 KiB of UTF-8 from its end. */
  get output(): string {
    return this.#output.text().trim();
  }

  /** What is known of a tool call, for a permission request that refers to it. */
  titleOf(tool_call_id: string): string | undefined {
    return this.#calls.get(tool_call_id)?.title;
  }

  /** A chunk of the agent's message or thought. */
  async speech(update: Record<string, unknown>): Promise<void> {
    const thought = update.sessionUpdate === "agent_thought_chunk";
    const text = textOf(objectOf(update.content)?.text);
    if (text === undefined) return;
    const message_id = textOf(update.messageId);
    const going = this.#speech;
    if (going !== undefined && (going.thought !== thought || going.message_id !== message_id)) {
      await this.flush();
    }
    if (!thought) this.#addToOutput(text, message_id);
    this.#speech ??= { thought, text: "", message_id };
    this.#speech.text += text;
    this.#flush_timer ??= this.clock.after(FLUSH_AFTER_MS, () => void this.flush());
    await this.#emitWholeParagraphs();
  }

  /** A `tool_call` or `tool_call_update`: announced when its input is known, and told when it ends. */
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

  /** Tells what has not been told yet; nothing follows. */
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
      // A pair of surrogates stays in one entry.
      if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end--;
      const message = text.slice(at, end).trim();
      at = end;
      if (message === "") continue;
      await this.emit({ kind: "log", level: thought ? "debug" : "info", message, source: "agent" });
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
      diffs: diffsOf({ ...update, rawInput: input }, this.working_dir) ?? earlier?.diffs,
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
    // Before the end they are a wish, which may still be denied.
    if (call.diffs !== undefined && status === "completed") details.diffs = call.diffs;
    return this.emit({
      kind: "log",
      level: status === "failed" ? "warn" : "info",
      message: cut(message, LONGEST_ENTRY),
      source: "tool",
      details,
    });
  }
}

export function pathsOf(locations: unknown): string[] {
  return listOf(locations).slice(0, 20).flatMap((place) => textOf(objectOf(place)?.path) ?? []);
}

/** Why a tool call failed, as far as its update tells. */
function failureText(update: Record<string, unknown>): string | undefined {
  const output = update.rawOutput;
  const direct = textOf(output) ?? textOf(objectOf(output)?.error);
  const shown = listOf(update.content).map((part) => textOf(objectOf(objectOf(part)?.content)?.text)).find(
    Boolean,
  );
  const text = direct ?? shown;
  return text === undefined ? undefined : `failed: ${cut(text.trim(), 1000)}`;
}
