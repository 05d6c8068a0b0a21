/** JSON of others, of which no digit is lost. Pure. */

/** A whole number that no `number` can hold, as it was written. Its text is `toString`. */
export class ExactInteger {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** As `JSON.parse`, but for whole numbers that would be rounded: ids of some senders have more digits than a `number`. */
export function exactJson(text: string): unknown {
  return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);
}

function exact(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const isRounded = typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "");
  return isRounded ? new ExactInteger(source!) : value;
}
