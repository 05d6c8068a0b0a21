/** Paths as git prints them, with a character for each byte: a file's name need not be UTF-8. */

/** The fields of an output that `-z` ends with NULs. */
export function rawFields(printed: Uint8Array): string[] {
  const fields: string[] = [];
  let field = "";
  for (const byte of printed) {
    if (byte !== 0) field += String.fromCharCode(byte);
    else {
      fields.push(field);
      field = "";
    }
  }
  return fields;
}

/** What git reads with `-z`. */
export function rawBytes(fields: readonly string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fields.map((field) => `${field}\0`).join(""), (char) => char.charCodeAt(0));
}

/** A text as git prints it. */
export function rawOf(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** Whether a text stands for a name that is not UTF-8, by which no file can be looked for. */
export function isReplaced(path: string): boolean {
  return path.includes("\ufffd");
}

/** As text. What is not UTF-8 is replaced. */
export function readable(raw: string): string {
  return new TextDecoder().decode(Uint8Array.from(raw, (char) => char.charCodeAt(0)));
}
