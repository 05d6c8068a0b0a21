/** What happened in a history: its last lines, and a digest of all of them. */

const LINES_KEPT = 400;

export class Trace {
  readonly lines: string[] = [];
  #hash = 0x811c9dc5;

  /** Two histories with the same digest had the same lines. */
  get digest(): string {
    return (this.#hash >>> 0).toString(16);
  }

  note(monotonic_ms: number, line: string): void {
    const text = `${monotonic_ms} ${line}`;
    for (let i = 0; i < text.length; i++) this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    this.lines.push(text);
    if (this.lines.length > LINES_KEPT) this.lines.shift();
  }
}
