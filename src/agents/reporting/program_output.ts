/** Reads what a program prints, as a person at a terminal would see it: also a line that is not finished yet. */
import type { Clock, Timer } from "../../clock/clock.ts";
import { pieceLength } from "./lines.ts";
import { TerminalLine } from "./terminal_line.ts";

/** A line that its program leaves unfinished for this long is shown: it may be a question. */
const QUIET_MS = 1000;
/** An unfinished line that grows all the time, or is redrawn again and again, is shown this often. */
const SHOWN_EVERY_MS = 10_000;

export interface OutputPart {
  /**
   * `line`: a whole line, or the rest of one. `piece`: the line is long and continues in the next call. `draft`: the line
   * is not finished and may still change.
   */
  kind: "line" | "piece" | "draft";
  /** At most `MAX_LINE_BYTES` of UTF-8, without the line's end. A line that was redrawn is in its last state. */
  text: string;
  /** What of `text` no draft has shown. Together, the news of all calls repeat nothing and leave nothing out. */
  news: string;
}

export interface OutputReader {
  clock: Clock;
  /** The stream is not read on until a returned promise settles. */
  part(part: OutputPart): void | Promise<void>;
  /** Called for whatever arrives. */
  onBytes(): void;
  /** Called with the present state of a line that is redrawn, as often as it arrives. */
  onRedraw?(text: string): void;
  /** Whether an unfinished line with this text must not be shown. */
  isHeld?(text: string): boolean;
}

/** Reads `stream` to its end. Bytes that are not UTF-8 become U+FFFD. Memory is bounded, whatever arrives. */
export async function readOutput(stream: ReadableStream<Uint8Array>, reader: OutputReader): Promise<void> {
  const { clock, part, onBytes, onRedraw } = reader;
  const decoder = new TextDecoder();
  const line = new TerminalLine();
  let timer: Timer | undefined;
  let heard_ms = 0;
  let begun_ms = 0;
  let shown_ms: number | undefined;

  const end = async (): Promise<void> => {
    await shorten();
    const { text, news } = line;
    // A progress bar that its program has erased leaves no line.
    const isErased = line.isRedrawn && line.isBlank;
    line.clear();
    shown_ms = undefined;
    if (isErased) return;
    const held = part({ kind: "line", text, news });
    if (held) await held;
  };

  const shorten = async (): Promise<void> => {
    for (let length = pieceLength(line.text); length < line.text.length; length = pieceLength(line.text)) {
      const text = line.text.slice(0, length);
      const shown = line.text.length - line.news.length;
      line.remove(length);
      const held = part({ kind: "piece", text, news: text.slice(shown) });
      if (held) await held;
    }
  };

  const take = async (text: string): Promise<void> => {
    let start = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", start)) {
      line.add(text.slice(start, at));
      start = at + 1;
      await end();
    }
    if (start === text.length) return;
    if (line.text === "") begun_ms = clock.monotonic();
    line.add(text.slice(start));
    await shorten();
    if (line.isRedrawn && !line.isBlank) onRedraw?.(line.text);
    timer ??= clock.after(QUIET_MS, look);
  };

  /** Shows the unfinished line if it is time to. */
  const look = (): void => {
    timer = undefined;
    const { text, news, isRedrawn } = line;
    if (news === "" || line.isBlank || reader.isHeld?.(text)) return;
    const now = clock.monotonic();
    const next_ms = (shown_ms ?? begun_ms) + SHOWN_EVERY_MS;
    const quiet_ms = heard_ms + QUIET_MS;
    // A redrawn line that has been shown once waits its turn, however slowly it is redrawn.
    const due_ms = isRedrawn && shown_ms !== undefined ? next_ms : Math.min(next_ms, quiet_ms);
    if (now < due_ms) {
      timer = clock.after(due_ms - now, look);
      return;
    }
    shown_ms = now;
    line.noteShown();
    void part({ kind: "draft", text, news });
  };

  // Not `for await`: it releases its reader at the end, for which the platform makes an error with its stack.
  const chunks = stream.getReader();
  try {
    for (let next = await chunks.read(); !next.done; next = await chunks.read()) {
      onBytes();
      heard_ms = clock.monotonic();
      await take(decoder.decode(next.value, { stream: true }));
    }
    await take(decoder.decode());
    if (line.text !== "") await end();
  } catch (error) {
    // Fails if it is the stream that has failed.
    chunks.cancel(error).catch(() => {});
    throw error;
  } finally {
    timer?.cancel();
  }
}
