/** The command by which a person goes on with a session, as text for a shell. Pure. */

/** Each word as the shell takes it: in quotes if it must be. */
export function shellText(words: readonly string[] | undefined): string | undefined {
  return words?.map((word) => /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`).join(
    " ",
  );
}
