/** What follows a `$` in a shell command. Pure. */
import { ANY_TEXT, SOME_WORDS } from "./unknown_text.ts";

/** `$X`, `$1`, `$?`, and `${X}` without anything else in it that runs or is quoted. */
const VARIABLE = /^(?:[A-Za-z_]\w*|\d|[@*#?$!-]|\{[^{}$`'"\\()\n]*\})/;
/** Hold one word, unless the command itself sets them. */
const FOLDER = /^\{?(HOME|PWD|OLDPWD|TMPDIR)\}?$/;
/** A sum, which runs nothing: no substitution, no quotes. */
const SUM = /^\(\((?:[^()'"`\\;$\n]|\$\w+|\$\{\w+\})*\)\)/;
const LONGEST = 1000;

/** How long a variable at the place is, behind its `$`, and what it stands for; undefined if there is none. */
export function variableAt(
  text: string,
  at: number,
  isQuoted: boolean,
): { length: number; text: string } | undefined {
  const name = VARIABLE.exec(text.slice(at, at + LONGEST))?.[0];
  if (name === undefined) return undefined;
  const folder = FOLDER.exec(name)?.[1];
  const isOneWord = isQuoted && !/[@*]/.test(name) || folder !== undefined && !text.includes(`${folder}=`);
  return { length: name.length, text: isOneWord ? SOME_WORDS : ANY_TEXT };
}

/** How long the sum in double parentheses at the place is; 0 if there is none. */
export function sumAt(text: string, at: number): number {
  return SUM.exec(text.slice(at, at + LONGEST))?.[0].length ?? 0;
}
