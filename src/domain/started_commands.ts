/** What a command starts that runs another one: `sudo`, `env`, `timeout`, `xargs`, `sh -c` and their like. Pure. */
import { basename } from "node:path/posix";
import { shellParts, type Words } from "./shell_parts.ts";

interface Opener {
  /** Options that take the next word as their value. */
  valued: readonly string[];
  /** Options that take none. Any other option makes it unclear what is started. */
  plain: readonly string[];
  /** How many words of its own come before the command. */
  operands?: number;
}

const NONE: Opener = { valued: [], plain: [] };

/** Programs that run the command that follows their options. */
const OPENERS: Readonly<Record<string, Opener>> = {
  sudo: {
    valued: [
      "-u",
      "--user",
      "-g",
      "--group",
      "-h",
      "--host",
      "-p",
      "--prompt",
      "-C",
      "-r",
      "-t",
      "-T",
      "-D",
      "-R",
      "-U",
    ],
    plain: [
      "-A",
      "-b",
      "-E",
      "-H",
      "-k",
      "-n",
      "-P",
      "-S",
      "--preserve-env",
      "--non-interactive",
      "--set-home",
    ],
  },
  doas: { valued: ["-u", "-C"], plain: ["-n"] },
  env: {
    valued: ["-u", "--unset", "-C", "--chdir"],
    plain: ["-i", "-", "-0", "--ignore-environment", "--null", "-v"],
  },
  timeout: {
    valued: ["-k", "--kill-after", "-s", "--signal"],
    plain: ["-v", "--verbose", "--foreground", "--preserve-status"],
    operands: 1,
  },
  xargs: {
    valued: [
      "-a",
      "-d",
      "-E",
      "-I",
      "-L",
      "-n",
      "-P",
      "-s",
      "--max-args",
      "--max-procs",
      "--delimiter",
      "--arg-file",
    ],
    plain: ["-0", "-o", "-p", "-r", "-t", "-x", "--null", "--no-run-if-empty", "--verbose"],
  },
  nohup: NONE,
  nice: { valued: ["-n", "--adjustment"], plain: [] },
  ionice: { valued: ["-c", "-n", "--class", "--classdata"], plain: ["-t"] },
  setsid: { valued: [], plain: ["-c", "-f", "-w", "--ctty", "--fork", "--wait"] },
  stdbuf: { valued: ["-i", "-o", "-e", "--input", "--output", "--error"], plain: [] },
  time: { valued: ["-f", "-o", "--format", "--output"], plain: ["-p", "-v", "-a"] },
  command: { valued: [], plain: ["-p"] },
  exec: { valued: ["-a"], plain: ["-c", "-l"] },
  builtin: NONE,
  busybox: NONE,
};

const SHELL = /^(?:ba|da|a|z|k|mk|fi|c|tc)?sh$/;
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/;
/** What a shell reads before the program of a part. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ..."if then elif else while until do for in case esac fi done select function time coproc ! { } [[".split(
    " ",
  ),
]);
const FIND_STARTS: ReadonlySet<string> = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

/** A command that another one starts: as words, or as a text that a shell reads. */
export type Started = { words: Words } | { script: string };

/**
 * What the words start besides their own program: empty for nothing, `unclear` if an option is unknown.
 *
 * @param words of one part, without what a shell reads before the program
 */
export function startedBy(words: Words): readonly Started[] | "unclear" {
  const [program = "", ...rest] = words;
  const name = nameOf(program);
  if (SHELL.test(name)) return scriptOf(rest);
  if (name === "eval") return [{ script: rest.join(" ") }];
  if (name === "find") return startedByFind(rest);
  const opener = Object.hasOwn(OPENERS, name) ? OPENERS[name]! : undefined;
  if (opener === undefined) return [];
  const inner = afterOptions(rest, opener, name === "env" || name === "sudo");
  if (inner === undefined) return "unclear";
  return inner.length === 0 ? [] : [{ words: inner }];
}

/** The words from the program on. */
export function fromProgram(words: Words): Words {
  let from = 0;
  while (from < words.length && (ASSIGNMENT.test(words[from]!) || KEYWORDS.has(words[from]!))) from++;
  return words.slice(from);
}

/** Every command that the text could run, what is started by others included: rather too many than too few. */
export function allCommands(command: string, depth = 0): Words[] {
  if (depth > MOST_DEEP) return [];
  return shellParts(command).parts.flatMap((words) => allIn(words, depth));
}

const MOST_DEEP = 5;
/** More arguments of a program that runs others are not tried as its command. */
const MOST_TRIED = 50;

function allIn(words: Words, depth: number): Words[] {
  if (depth > MOST_DEEP) return [];
  const own = fromProgram(words);
  const [program = ""] = own;
  const name = nameOf(program);
  const found: Words[] = own.length === words.length ? [words] : [words, own];
  if (own.length === 0) return found;
  if (name !== program) found.push([name, ...own.slice(1)]);
  if (SHELL.test(name) || name === "eval" || name === "env") {
    // A script may stand behind options of which nothing is known, as one word.
    const scripts = name === "eval" ? [own.slice(1).join(" ")] : own.slice(1);
    for (const script of scripts.slice(0, MOST_TRIED)) {
      if (/\s/.test(script)) found.push(...allCommands(script, depth + 1));
    }
  }
  if (name === "find") {
    for (const one of startedByFind(own.slice(1))) {
      if ("words" in one) found.push(...allIn(one.words, depth + 1));
    }
  } else if (Object.hasOwn(OPENERS, name) || SHELL.test(name) || name === "eval") {
    const inner = Object.hasOwn(OPENERS, name) ? afterOptions(own.slice(1), OPENERS[name]!, true) : undefined;
    if (inner !== undefined) found.push(...allIn(inner, depth + 1));
    else {
      for (let i = 1; i < Math.min(own.length, MOST_TRIED); i++) found.push(own.slice(i));
    }
  }
  return found;
}

/** The words of the command; undefined if an option is unknown. */
function afterOptions(
  words: Words,
  { valued, plain, operands = 0 }: Opener,
  assigns: boolean,
): Words | undefined {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") {
      at++;
      break;
    }
    if (assigns && ASSIGNMENT.test(word)) continue;
    if (!word.startsWith("-")) break;
    if (plain.includes(word)) continue;
    if (valued.includes(word)) at++;
    else if (!isJoined(word, valued, plain)) return undefined;
  }
  while (assigns && ASSIGNMENT.test(words[at] ?? "")) at++;
  return words.slice(at + operands);
}

/** `-n1`, `--user=root`, `-nE`. */
function isJoined(word: string, valued: readonly string[], plain: readonly string[]): boolean {
  if (word.startsWith("--")) return [...valued, ...plain].includes(word.split("=")[0]!);
  if (valued.includes(word.slice(0, 2))) return true;
  return [...word.slice(1)].every((letter) => plain.includes(`-${letter}`));
}

/** The script after `-c`; empty if the shell runs a file. */
function scriptOf(words: Words): readonly Started[] | "unclear" {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!/^[-+]/.test(word)) return [];
    // Other options may take a value, which would look like the script.
    if (/^-[abefhilmnprtuvx]*c[abefhilmnprtuvx]*$/.test(word)) {
      const script = words[i + 1];
      return script === undefined || /^[-+]/.test(script) ? "unclear" : [{ script }];
    }
    if (!/^(-[abefhilmnprtuvx]+|--(login|norc|noprofile|posix))$/.test(word)) return "unclear";
  }
  return [];
}

function startedByFind(words: Words): Started[] {
  const found: Started[] = [];
  for (let i = 0; i < words.length; i++) {
    if (!FIND_STARTS.has(words[i]!)) continue;
    const end = words.findIndex((word, at) => at > i && (word === ";" || word === "+"));
    found.push({ words: words.slice(i + 1, end < 0 ? undefined : end) });
  }
  return found;
}

function nameOf(program: string): string {
  return basename(program);
}
