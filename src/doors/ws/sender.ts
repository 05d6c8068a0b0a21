/** Sends the messages of one connection at the pace of its reader. Pushes can wait for a reply that must come first. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../clock/clock.ts";
import { Outbox, type Wire } from "./outbox.ts";

const log = getLogger(["opencode-agents", "server"]);

/** How often the outbox of a slow reader is flushed. */
const FLUSH_MS = 5;
/** Pushes that may wait for the reply that must come before them. */
const HELD_MAX = 10_000;
const HELD_LENGTH_MAX = 16 << 20;

export interface SenderOptions {
  /** The connection's, for the log. */
  id: string;
  wire: Wire;
  clock: Clock;
  /** Called if more messages wait than the reader may leave waiting. */
  overflow(reason: string): void;
  /** Called when the reader has taken all that waited. */
  drained(): void;
  /** Runs a callback of a timer. A failure ends the connection. */
  guarded(action: () => void): void;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #outbox: Outbox;
  #flushing: Timer | undefined;
  #held: { text: string; coalesce?: string }[] | undefined;
  #heldLength = 0;
  #closed = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.wire);
  }

  /** How many messages wait. */
  get size(): number {
    return this.#outbox.size;
  }

  /** Whether messages wait because the reader has not taken the earlier ones. */
  get isBehind(): boolean {
    return !this.#closed && (this.#outbox.size > 0 || (this.#held?.length ?? 0) > 0);
  }

  /** Whether the reader has taken all but what its socket holds. If not, `drained` is called once it has. */
  get isReaderReady(): boolean {
    const { isFree } = this.#outbox;
    if (!isFree) this.#flushLater();
    return isFree;
  }

  /** Keeps pushes back until the next reply. */
  holdPushes(): void {
    this.#held ??= [];
  }

  reply(text: string): void {
    this.#hand(text, true);
    if (!this.#held) return;
    const held = this.#held;
    this.#held = undefined;
    this.#heldLength = 0;
    for (const { text, coalesce } of held) this.push(text, coalesce);
  }

  push(text: string, coalesce?: string): void {
    if (this.#closed) return;
    if (!this.#held) return this.#hand(text, false, coalesce);
    this.#heldLength += text.length;
    if (this.#held.push({ text, coalesce }) > HELD_MAX || this.#heldLength > HELD_LENGTH_MAX) {
      this.#options.overflow("too many pushes waiting");
    }
  }

  close(): void {
    this.#closed = true;
    this.#flushing?.cancel();
    this.#outbox.clear();
  }

  #hand(text: string, isReply: boolean, coalesce?: string): void {
    const { id, overflow } = this.#options;
    try {
      if (isReply) this.#outbox.reply(text);
      else if (!this.#outbox.push(text, coalesce)) return overflow("reader too slow");
      if (this.#outbox.size > 0) this.#flushLater();
    } catch (error) {
      // The socket closed between the check and the send. Its close event does the rest.
      log.debug("Connection {id} did not take a message: {error}", { id, error });
    }
  }

  #flushLater(): void {
    const { clock, guarded, drained } = this.#options;
    this.#flushing ??= clock.after(FLUSH_MS, () => {
      this.#flushing = undefined;
      if (this.#closed) return;
      guarded(() => {
        if (this.#outbox.flush()) drained();
        else this.#flushLater();
      });
    });
  }
}
