/**
 * The messages of a chunk with their levels, in a value of their own. To count messages by a text, a query reads these
 * and not the whole log. The value is written with the chunk once the chunk no longer grows. Pure.
 */
import { LEVELS } from "./log_chunk.ts";
import { Clue } from "./log_clue.ts";
import { folded, messagePartOf } from "./log_line.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Each line is the level as a control character, which no escaped message contains, and the message as in JSON. */
export function encodeSearchText(lines: readonly string[]): Uint8Array {
  const text = lines.map((line) => {
    const { level, escaped } = messagePartOf(line);
    return `${MARKS[LEVELS.indexOf(level)]}${escaped}\n`;
  });
  return encoder.encode(text.join(""));
}

export interface SearchText {
  text: string;
  /** Whether it is ASCII without escapes. Most texts are, and what looks like a match in them is one. */
  isPlain: boolean;
  /** What it takes in memory. */
  bytes: number;
}

export function decodeSearchText(encoded: Uint8Array): SearchText {
  const text = decoder.decode(encoded);
  const isAscii = text.length === encoded.length;
  return { text, isPlain: isAscii && !text.includes("\\"), bytes: text.length * (isAscii ? 1 : 2) };
}

const MARKS = LEVELS.map((_, i) => String.fromCharCode(i + 1));

export class MessageSearch {
  readonly #wanted: string;
  readonly #clue: Clue;
  readonly #isPlain: boolean;

  /** `clue`: the wanted text as it is in the line of an entry. */
  constructor(wanted: string, clue: Clue) {
    this.#wanted = folded(wanted);
    this.#clue = clue;
    this.#isPlain = /^[\x20-\x7e]*$/.test(wanted);
  }

  /** The number of messages that contain it, per level. */
  countIn({ text, isPlain }: SearchText): number[] {
    const counts = LEVELS.map(() => 0);
    const isSure = isPlain && this.#isPlain;
    for (const line of this.#clue.linesIn(text)) {
      if (isSure || folded(unescaped(line.slice(1))).includes(this.#wanted)) {
        counts[line.charCodeAt(0) - 1]!++;
      }
    }
    return counts;
  }
}

function unescaped(text: string): string {
  return text.includes("\\") ? String(JSON.parse(`"${text}"`)) : text;
}
