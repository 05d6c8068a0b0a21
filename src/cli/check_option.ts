/** A check of `run --check`: a configured name, or a program with its arguments. */
import { InvalidArgumentError } from "commander";
import { type Check, CheckName } from "../domain/check.ts";

/** An empty text is no check, so that it alone means none. */
export function oneMoreCheck(written: string, before: Check[] = []): Check[] {
  const check = checkOf(written.trim());
  return check === undefined ? before : [...before, check];
}

function checkOf(written: string): Check | undefined {
  if (written === "") return undefined;
  if (CheckName.safeParse(written).success) return written;
  const words = wordsOf(written);
  if (words.length === 0 || words[0] === "") throw new InvalidArgumentError("a name, or a command");
  return words;
}

/** Words as a shell separates them, with quotes. Nothing else is special. */
function wordsOf(written: string): string[] {
  const words: string[] = [];
  for (const [word] of written.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
  }
  return words;
}
