/** A check as people write it: a configured name, or a program with its arguments, as in a shell. Pure. */
export const CHECK_NAME = /^[a-zA-Z0-9_-]{1,40}$/;

/** Undefined for an empty text. A quoted word is a program, also where it could be a name. */
export function checkOfText(written: string): string | string[] | undefined {
  const text = written.trim();
  if (text === "") return undefined;
  return CHECK_NAME.test(text) ? text : wordsOf(text);
}

/** `checkOfText` makes the same of it. */
export function checkText(check: string | readonly string[]): string {
  if (typeof check === "string") return check;
  const [only, ...more] = check;
  if (more.length === 0 && CHECK_NAME.test(only!)) return `"${only}"`;
  return check.map((word) => word !== "" && !/[\s"']/.test(word) ? word : quoted(word)).join(" ");
}

/** A quote stands in quotes of the other kind. */
function quoted(word: string): string {
  if (!word.includes('"')) return `"${word}"`;
  return word.split('"').map((part) => part === "" ? "" : `"${part}"`).join(`'"'`);
}

/** Words as a shell separates them, with quotes. Nothing else is special. */
function wordsOf(written: string): string[] {
  const words: string[] = [];
  for (const [word] of written.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
  }
  return words;
}
