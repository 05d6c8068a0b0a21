/** Turns what an agent says and thinks into log entries, and keeps its last message. */
import type { Clock, Timer } from "../../clock/clock.ts";
import type { MaskedStream } from "../../domain/masking.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { createOutputTail } from "../reporting/output_tail.ts";
import { objectOf, textOf } from "./wire_value.ts";

/** Entries end at a paragraph, at this many characters, or after this long, whichever comes first. */
export const LONGEST_ENTRY = 4096;
const FLUSH_AFTER_MS = 1000;
/** What stands between two entries of a message unless their details say something else (`joined_by`). */
const PARAGRAPH = "\n\n";

export class Speech {
  readonly #clock: Clock;
  readonly #events: EventQueue;
  readonly #onSaid: (line: string) => void;
  /** The text that is not in the log yet. */
  #pending: { thought: boolean; text: string; message_id: string | undefined } | undefined;
  #flush_timer: Timer | undefined;
  /** One chunk may begin a secret that the next one ends. */
  readonly #masked: MaskedStream;
  /** Whose words `#masked` holds back. */
  #saying: { thought: boolean; message_id: string | undefined } | undefined;
  #last_message = createOutputTail();
  /** The id of the last message. Not all agents send one. */
  #last_message_id: string | undefined;
  /** Whether the next chunk begins a new message. */
  #message_is_over = false;
  /** The space after the last entry, while the message goes on. */
  #space: string | undefined;

  /** `onSaid`: called with the last line of each entry that is not a thought. */
  constructor(clock: Clock, events: EventQueue, onSaid: (line: string) => void) {
    this.#masked = events.masker.stream();
    this.#clock = clock;
    this.#events = events;
    this.#onSaid = onSaid;
  }

  /** At most 32 KiB of UTF-8 from its end. */
  get lastMessage(): string {
    return this.#last_message.text().trim();
  }

  /** Takes a chunk of the agent's message or thought. */
  async chunk(update: Record<string, unknown>): Promise<void> {
    const thought = update.sessionUpdate === "agent_thought_chunk";
    const said = textOf(objectOf(update.content)?.text);
    if (said === undefined) return;
    const message_id = textOf(update.messageId);
    const saying = this.#saying;
    if (saying !== undefined && (saying.thought !== thought || saying.message_id !== message_id)) {
      await this.flush();
      this.#space = undefined;
    }
    this.#saying = { thought, message_id };
    this.#add(this.#masked.push(said));
    await this.#emitWholeParagraphs();
  }

  #add(text: string): void {
    if (this.#saying === undefined || text === "") return;
    const { thought, message_id } = this.#saying;
    if (!thought) this.#addToMessage(text, message_id);
    this.#pending ??= { thought, text: "", message_id };
    this.#pending.text += text;
    this.#flush_timer ??= this.#clock.after(FLUSH_AFTER_MS, () => void this.#emitPending());
  }

  /** Emits what has been said so far, even an incomplete paragraph. */
  async flush(): Promise<void> {
    this.#add(this.#masked.end());
    await this.#emitPending();
  }

  async #emitPending(): Promise<void> {
    this.#flush_timer?.cancel();
    this.#flush_timer = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) await this.#emit(pending.text, pending.thought);
  }

  /** Emits what has been said and ends the message, because the agent does something else before it says more. */
  async interrupt(): Promise<void> {
    await this.flush();
    this.#saying = undefined;
    this.#message_is_over = true;
    this.#space = undefined;
  }

  #addToMessage(text: string, message_id: string | undefined): void {
    if (this.#message_is_over || message_id !== this.#last_message_id) {
      this.#last_message = createOutputTail();
      this.#space = undefined;
    }
    this.#message_is_over = false;
    this.#last_message_id = message_id;
    this.#last_message.add(text);
  }

  async #emitWholeParagraphs(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    const end = pending.text.lastIndexOf("\n\n");
    const whole = pending.text.length > LONGEST_ENTRY ? pending.text.length : end < 0 ? 0 : end + 2;
    if (whole === 0) return;
    const text = pending.text.slice(0, whole);
    pending.text = pending.text.slice(whole);
    await this.#emit(text, pending.thought);
  }

  async #emit(text: string, thought: boolean): Promise<void> {
    for (let at = 0; at < text.length;) {
      let end = Math.min(at + LONGEST_ENTRY, text.length);
      // A surrogate pair stays in one entry.
      if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end--;
      const piece = text.slice(at, end);
      const message = piece.trim();
      at = end;
      if (message === "") {
        if (this.#space !== undefined) this.#space += piece;
        continue;
      }
      const start = piece.indexOf(message);
      const joint = this.#space === undefined ? PARAGRAPH : this.#space + piece.slice(0, start);
      this.#space = piece.slice(start + message.length);
      // Readers put the text together again. Most entries are paragraphs, for which nothing is said.
      const details = joint === PARAGRAPH ? undefined : { joined_by: joint };
      await this.#events.note(thought ? "debug" : "info", message, "agent", details);
      if (!thought) this.#onSaid(message.split("\n").at(-1)!);
    }
  }
}
