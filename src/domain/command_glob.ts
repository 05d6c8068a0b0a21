/** Globs of commands: `*` is anything, also nothing, `?` one character, `{a,b}` a choice. All else means itself. Pure. */
import { basename } from "node:path/posix";
import { edgesOf, isKnown, isLoose } from "./unknown_text.ts";

/** More choices than a glob may lead to. */
const MOST_CHOICES = 100;

/** Whether the glob matches the command, whatever stands for what is not known in it. */
export function matchesCommand(glob: string, command: string): boolean {
  return (choicesOf(glob) ?? []).some((one) => matches(one, command));
}

/** Whether the glob matches the command for something that could stand for what is not known in its words. */
export function mayMatchCommand(glob: string, words: readonly string[]): boolean {
  return (choicesOf(glob) ?? []).some((one) => mayMatchWords(one, words));
}

/** Whether the glob leads to more choices than are looked at. Such a glob matches nothing. */
export function hasTooManyChoices(glob: string): boolean {
  return choicesOf(glob) === undefined;
}

function choicesOf(glob: string): string[] | undefined {
  const done: string[] = [];
  const todo = [glob];
  for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
    if (done.length + todo.length >= MOST_CHOICES) return undefined;
    const braces = /\{([^{}]*,[^{}]*)\}/.exec(one);
    if (braces === null) {
      done.push(one);
      continue;
    }
    const before = one.slice(0, braces.index);
    const after = one.slice(braces.index + braces[0].length);
    for (const choice of braces[1]!.split(",")) todo.push(before + choice + after);
  }
  return done;
}

/** `rm *` also means `rm` alone. */
function mayMatchWords(glob: string, words: readonly string[]): boolean {
  const [program = "", ...rest] = words;
  const [, first, others = ""] = /^([^ *]+)(?: (.*))?$/s.exec(glob) ?? [];
  // A program whose name is known is no other one, wherever it is.
  if (first !== undefined && !isKnown(program) && !isLoose(program) && isKnown(basename(program))) {
    return mayMatch(first, program) && mayMatch(others, rest.join(" "));
  }
  const text = words.join(" ");
  return mayMatch(glob, text) || mayMatch(glob, `${text} `);
}

function mayMatch(glob: string, text: string): boolean {
  const edges = edgesOf(text);
  if (edges === undefined) return matches(glob, text);
  const star = glob.indexOf("*");
  if (star < 0) {
    return starMatch(text, glob, (one) => !isKnown(one), (own, one) => one === "?" || own === one);
  }
  // Between the first star and the last, and between what is not known first and last, there is room for anything.
  return startAlike(glob.slice(0, star), edges.start) &&
    endAlike(glob.slice(glob.lastIndexOf("*") + 1), edges.end);
}

function startAlike(glob: string, text: string): boolean {
  const length = Math.min(glob.length, text.length);
  return matches(glob.slice(0, length), text.slice(0, length));
}

function endAlike(glob: string, text: string): boolean {
  const length = Math.min(glob.length, text.length);
  return matches(glob.slice(glob.length - length), text.slice(text.length - length));
}

function matches(glob: string, text: string): boolean {
  const isStar = (char: string) => char === "*";
  return starMatch(glob, text, isStar, (own, char) => own === char || own === "?" && isKnown(char));
}

/** Goes back to the last star only, so that no glob and no command take long. */
function starMatch(
  pattern: string,
  text: string,
  isStar: (char: string) => boolean,
  isSame: (own: string, char: string) => boolean,
): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let from = 0;
  while (t < text.length) {
    if (p < pattern.length && isStar(pattern[p]!)) {
      star = p++;
      from = t;
    } else if (p < pattern.length && isSame(pattern[p]!, text[t]!)) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++from;
    } else return false;
  }
  while (p < pattern.length && isStar(pattern[p]!)) p++;
  return p === pattern.length;
}
