/** Splits what git prints as patches into one text for each file, cut to the bounds of an answer. Pure. */
import { type ChangedFile, PATCH_BYTES_MAX, PATCHES_BYTES_MAX } from "../../domain/task_changes.ts";
import { cutToBytes, utf8Length } from "../../domain/scalars.ts";

const LINE_FEED = 10;
/** Begins the patch of each file. The lines of a file's content begin with another character. */
const HEADER = new TextEncoder().encode("diff --git ");
/** The longest character of UTF-8 has four bytes. */
const WHOLE_CHARACTER = 4;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Patched = Pick<ChangedFile, "patch" | "truncated">;

export class PatchTexts {
  /** The file that each patch belongs to. */
  readonly #files: Iterator<Patched | undefined, void>;
  #file: Patched | undefined;
  #isOver = false;
  #all = PATCHES_BYTES_MAX;
  /** The bytes of the patch under way, as far as there is room. One buffer for all patches. */
  readonly #bytes = new Uint8Array(PATCH_BYTES_MAX + WHOLE_CHARACTER);
  #length = 0;
  #room = 0;
  #isCut = false;
  /** The first bytes of a line, until they tell whether it is a header. */
  #begun = new Uint8Array(HEADER.length);
  #begunLength = 0;
  #inLine = false;

  constructor(files: Iterator<Patched | undefined, void>) {
    this.#files = files;
  }

  /** Returns false once no more is needed. */
  write(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length && !this.#isOver) {
      if (!this.#inLine) {
        at = this.#lineStart(chunk, at);
        continue;
      }
      const feed = chunk.indexOf(LINE_FEED, at);
      const end = feed === -1 ? chunk.length : feed + 1;
      this.#keep(chunk.subarray(at, end));
      this.#inLine = feed === -1;
      at = end;
    }
    return !this.#isOver;
  }

  /** After the last `write`. Files whose patch has not come are marked. */
  end(): void {
    this.#keep(this.#begun.subarray(0, this.#begunLength));
    this.#close();
    for (let next = this.#files.next(); !next.done; next = this.#files.next()) {
      if (next.value) next.value.truncated = true;
    }
  }

  /** Reads on until the line is known to be a header or not. Returns where it has stopped. */
  #lineStart(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && this.#begunLength < HEADER.length) {
      const byte = chunk[at]!;
      if (byte !== HEADER[this.#begunLength]) break;
      this.#begun[this.#begunLength++] = byte;
      at++;
    }
    if (at === chunk.length && this.#begunLength < HEADER.length) return at;
    if (this.#begunLength === HEADER.length) this.#open();
    if (!this.#isOver) this.#keep(this.#begun.subarray(0, this.#begunLength));
    this.#begunLength = 0;
    this.#inLine = true;
    return at;
  }

  #open(): void {
    this.#close();
    const next = this.#files.next();
    if (next.done || (next.value && this.#all <= 0)) {
      if (next.value) next.value.truncated = true;
      this.#isOver = true;
      return;
    }
    this.#file = next.value ?? undefined;
    this.#room = Math.min(PATCH_BYTES_MAX, this.#all) + WHOLE_CHARACTER;
  }

  #keep(bytes: Uint8Array): void {
    if (!this.#file) return;
    const left = this.#room - this.#length;
    if (bytes.length > left) this.#isCut = true;
    const part = bytes.subarray(0, left);
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  #close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    const before = file.patch ?? "";
    const text = decoder.decode(this.#bytes.subarray(0, this.#length));
    const patch = cutToBytes(text, Math.min(PATCH_BYTES_MAX - utf8Length(before), this.#all));
    if (this.#isCut || patch.length < text.length) file.truncated = true;
    this.#all -= utf8Length(patch);
    file.patch = before + patch;
    this.#length = 0;
    this.#isCut = false;
  }
}
