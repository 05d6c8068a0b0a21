/** What a shell puts into a command for itself, as characters that stand for it: nobody can type them as arguments. Pure. */

/** Any text, which a shell may also part into words: what a variable holds, or a command prints. */
export const ANY_TEXT = "\0";
/** As it stands there, or words of that form: what is in quotes, the names of files that a pattern finds, a home folder. */
export const SOME_WORDS = "\x01";

const UNKNOWN = new RegExp(`[${ANY_TEXT}${SOME_WORDS}]`);

export function isKnown(text: string): boolean {
  return !UNKNOWN.test(text);
}

/** Whether it could be more words than one, or other ones. */
export function isLoose(word: string): boolean {
  return word.includes(ANY_TEXT);
}

/** The text up to what is not known, and from there to its end; undefined if all is known. */
export function edgesOf(text: string): { start: string; end: string } | undefined {
  const parts = text.split(UNKNOWN);
  return parts.length === 1 ? undefined : { start: parts[0]!, end: parts.at(-1)! };
}
