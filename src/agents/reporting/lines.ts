/** Turns a stream of bytes into lines of bounded length. */

/** The longest text passed on at once, in bytes of UTF-8. A longer line comes in pieces. */
export const MAX_LINE_BYTES = 16 * 1024;

/**
 * Takes one line without its line end, or a piece of a line. `ends_line` is false if the line continues in the next
 * call. The stream is not read on until a returned promise settles.
 */
export type LineListener = (text: string, ends_line: boolean) => void | Promise<void>;

const utf8 = new TextEncoder();
const scratch = new Uint8Array(MAX_LINE_BYTES);

/** How many UTF-16 units of `text` fit into one piece. A character is never split. */
export function pieceLength(text: string): number {
  return text.length * 3 <= MAX_LINE_BYTES ? text.length : utf8.encodeInto(text, scratch).read;
}

/**
 * Reads `stream` to its end. Bytes that are not UTF-8 become U+FFFD, `\r\n` is one line end, and the last line needs
 * none. Pieces never split a character. Memory is bounded, whatever arrives.
 */
export async function readLines(stream: ReadableStream<Uint8Array>, listener: LineListener): Promise<void> {
  const decoder = new TextDecoder();
  let unfinished = "";

  /** Emits pieces until the rest fits into one. A carriage return alone does not make a piece. */
  const shorten = async (text: string): Promise<string> => {
    for (let length = pieceLength(text); length < text.length; length = pieceLength(text)) {
      if (length === text.length - 1 && text.endsWith("\r")) break;
      const held = listener(text.slice(0, length), false);
      if (held) await held;
      text = text.slice(length);
    }
    return text;
  };

  const emit = async (line: string): Promise<void> => {
    const rest = await shorten(line.endsWith("\r") ? line.slice(0, -1) : line);
    const held = listener(rest, true);
    if (held) await held;
  };

  const take = async (text: string): Promise<void> => {
    // Only the new text is searched for a line end, so a long unfinished line is not searched again.
    let end = text.indexOf("\n");
    let start = 0;
    while (end >= 0) {
      await emit(unfinished + text.slice(start, end));
      unfinished = "";
      start = end + 1;
      end = text.indexOf("\n", start);
    }
    unfinished = await shorten(unfinished + text.slice(start));
  };

  for await (const chunk of stream) await take(decoder.decode(chunk, { stream: true }));
  await take(decoder.decode());
  if (unfinished !== "") await emit(unfinished);
}
