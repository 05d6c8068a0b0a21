/** What a command starts that runs another one: `sudo`, `env`, `timeout`, `xargs`, `sh -c` and their like. Pure. */
import { basename } from "node:path/posix";
import { isAssignment, isShell, openedWords, type Opener, openerOf } from "./command_openers.ts";
import { shellParts, type Words } from "./shell_parts.ts";
import { ANY_TEXT, isKnown, isLoose, SOME_WORDS } from "./unknown_text.ts";

/** What a shell reads before the program of a part. `case`, `for` and `select` are followed by what they look at. */
const KEYWORDS: ReadonlySet<string> = new Set(
  "if then elif else while until do in esac fi done ! { } and or not begin".split(" "),
);
const FIND_STARTS: ReadonlySet<string> = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

/** Could be any command. */
const ANY_COMMAND: Words = [ANY_TEXT];

/** A command that another one starts: as words, or as a text that a shell reads. */
export type Started = { words: Words } | { script: string };

/**
 * What the words start besides their own program: empty for nothing, `unclear` if that is not certain, as with a program or
 * a script that is not known, or an unknown option.
 *
 * @param words of one part, without what a shell reads before the program
 */
export function startedBy(words: Words): readonly Started[] | "unclear" {
  const [program = "", ...rest] = words;
  if (!isCertain(program)) return "unclear";
  const name = basename(program);
  if (isShell(name)) return scriptOf(rest);
  if (name === "eval") return scriptIn(rest.join(" "));
  if (name === "find") return rest.some(mayBeExec) ? "unclear" : startedByFind(rest);
  const opener = openerOf(name);
  if (opener === undefined) return [];
  if (opener.isShell && rest.some((word) => /[^\w@%+:,./-]/.test(word))) return "unclear";
  const inner = opened(name, rest, opener);
  if (inner === undefined) return "unclear";
  return inner.length === 0 ? [] : [{ words: inner }];
}

/** The words from the program on. */
export function fromProgram(words: Words): Words {
  let from = 0;
  while (from < words.length) {
    const word = words[from]!;
    if (isAssignment(word) || KEYWORDS.has(word)) from++;
    else if (word === "function") from += words[from + 1] === "{" ? 1 : 2;
    else break;
  }
  return words.slice(from);
}

/** Whether it is known which program the word means. */
function isCertain(program: string): boolean {
  return !isLoose(program) && isKnown(basename(program));
}

/**
 * Every command that the text could run, what is started by others included: rather too many than too few. What is not known
 * of them stands in them as unknown text.
 */
export function allCommands(command: string, depth = 0): Words[] {
  if (depth > MOST_DEEP) return [ANY_COMMAND];
  const { parts, bodies } = shellParts(command);
  const found = parts.flatMap((words) => allIn(words, depth));
  const inBodies = bodies.flatMap((body) => allCommands(body, depth + 1));
  // What stands in a command may be data, of which no more is a command than looks like one.
  return [
    ...found,
    ...(found.some(readsCommands) ? inBodies : inBodies.filter(([first = ""]) => isCertain(first))),
  ];
}

const MOST_DEEP = 5;
/** More arguments of a program that runs others are not tried as its command. */
const MOST_TRIED = 50;

function allIn(words: Words, depth: number): Words[] {
  if (depth > MOST_DEEP) return [ANY_COMMAND];
  const own = fromProgram(words);
  const [program = "", ...rest] = own;
  const found: Words[] = own.length === words.length ? [words] : [words, own];
  const name = basename(program);
  if (name !== program) found.push([name, ...rest]);
  if (own.length === 0 || !isCertain(program)) return found;
  const opener = openerOf(name);
  const isReader = isShell(name) || name === "eval";
  if (name === "find") {
    if (rest.some((word) => isLoose(word))) found.push(ANY_COMMAND);
    for (const one of startedByFind(rest)) {
      if ("words" in one) found.push(...allIn(one.words, depth + 1));
    }
  }
  if (!isReader && opener === undefined) return found;
  if (rest.length > MOST_TRIED) found.push(ANY_COMMAND);
  // A script may stand behind options of which nothing is known, as one word.
  const texts = name === "eval"
    ? [rest.join(" ")]
    : isReader || opener?.isShell || name === "env"
    ? rest
    : [];
  for (const text of texts.slice(0, MOST_TRIED)) found.push(...inScript(scriptText(name, text), depth + 1));
  const inner = opener === undefined ? undefined : opened(name, rest, opener);
  if (inner !== undefined) found.push(...allIn(inner, depth + 1));
  else if (isReader && readsCommands(own)) found.push(ANY_COMMAND);
  if (inner === undefined || opener?.isShell) {
    for (let i = 0; i < Math.min(rest.length, MOST_TRIED); i++) found.push(fromProgram(rest.slice(i)));
  }
  return found;
}

/** What is not known in a script may be more than one command. */
function inScript(script: string, depth: number): Words[] {
  return isKnown(script) ? allCommands(script, depth) : [ANY_COMMAND, ...allCommands(script, depth)];
}

function scriptText(name: string, word: string): string {
  if (name === "env") return word.replace(/^(?:-[a-zA-Z0]*S|--split-string=)/, "");
  return name === "alias" ? word.replace(/^[^=]*=/, "") : word;
}

/** A shell without a script or a file, which reads what it is given. */
function readsCommands(words: Words): boolean {
  const [program = "", ...rest] = words;
  if (["source", ".", "ssh", "su"].includes(basename(program))) return true;
  if (!isCertain(program)) return true;
  return isShell(basename(program)) && rest.every((word) => /^[-+]/.test(word));
}

/** The words that the opener runs, with what it adds; undefined if that is not clear. */
function opened(name: string, words: Words, opener: Opener): Words | undefined {
  const inner = openedWords(words, opener, name === "env" || name === "sudo");
  if (inner === undefined || inner.length === 0 || !opener.adds) return inner;
  const at = words.findIndex((word) => /^-I/.test(word));
  const mark = at < 0 ? "{}" : words[at]!.slice(2) || words[at + 1] || "{}";
  return [...inner.map((word) => word.replaceAll(mark, ANY_TEXT)), ANY_TEXT];
}

/** The script after `-c`; empty if the shell runs a file. */
function scriptOf(words: Words): readonly Started[] | "unclear" {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!isKnown(word)) return "unclear";
    if (!/^[-+]/.test(word)) return [];
    // Other options may take a value, which would look like the script.
    if (/^-[abefhilmnprtuvx]*c[abefhilmnprtuvx]*$/.test(word)) {
      const script = words[i + 1];
      return script === undefined || /^[-+]/.test(script) ? "unclear" : scriptIn(script);
    }
    if (!/^(-[abefhilmnprtuvx]+|--(login|norc|noprofile|posix))$/.test(word)) return "unclear";
  }
  return [];
}

function scriptIn(script: string): readonly Started[] | "unclear" {
  return isKnown(script) ? [{ script }] : "unclear";
}

function startedByFind(words: Words): Started[] {
  const found: Started[] = [];
  for (let i = 0; i < words.length; i++) {
    if (!FIND_STARTS.has(words[i]!)) continue;
    const end = words.findIndex((word, at) => at > i && (word === ";" || word === "+"));
    const inner = words.slice(i + 1, end < 0 ? undefined : end);
    found.push({ words: inner.map((word) => word.replaceAll("{}", ANY_TEXT)) });
  }
  return found;
}

/** `*` finds files, one of which may be named like an option. */
function mayBeExec(word: string): boolean {
  return isLoose(word) || word.startsWith(SOME_WORDS) && word.endsWith(SOME_WORDS);
}
