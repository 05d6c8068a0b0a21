/** Programs that run the command in their arguments, and how to find it there. Pure. */
import type { Words } from "./shell_parts.ts";
import { isLoose, SOME_WORDS } from "./unknown_text.ts";

export interface Opener {
  /** Options that take the next word as their value. */
  valued: readonly string[];
  /** Options that take none. Any other option makes it unclear what is started. */
  plain: readonly string[];
  /** How many words of its own come before the command. */
  operands?: number;
  /** It adds arguments that it reads or finds. */
  adds?: true;
  /** Its arguments may be a text that a shell reads. */
  isShell?: true;
}

const NONE: Opener = { valued: [], plain: [] };
const SCRIPT: Opener = { ...NONE, isShell: true };

const OPENERS: Readonly<Record<string, Opener>> = {
  sudo: {
    valued: [
      ..."-u -g -h -p -C -r -t -T -D -R -U --user --group --host --prompt".split(" "),
    ],
    plain: [..."-A -b -E -H -k -n -P -S --preserve-env --non-interactive --set-home".split(" ")],
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
      ..."-a -d -E -I -L -n -P -s --max-args --max-procs --delimiter --arg-file".split(" "),
    ],
    plain: ["-0", "-o", "-p", "-r", "-t", "-x", "--null", "--no-run-if-empty", "--verbose"],
    adds: true,
  },
  nohup: NONE,
  nice: { valued: ["-n", "--adjustment"], plain: [] },
  ionice: { valued: ["-c", "-n", "--class", "--classdata"], plain: ["-t"] },
  chrt: { valued: [], plain: ["-b", "-f", "-i", "-o", "-r"], operands: 1 },
  taskset: { valued: [], plain: ["-c"], operands: 1 },
  setsid: { valued: [], plain: ["-c", "-f", "-w", "--ctty", "--fork", "--wait"] },
  stdbuf: { valued: ["-i", "-o", "-e", "--input", "--output", "--error"], plain: [] },
  time: { valued: ["-f", "-o", "--format", "--output"], plain: ["-p", "-v", "-a"] },
  command: { valued: [], plain: ["-p"] },
  exec: { valued: ["-a"], plain: ["-c", "-l"] },
  builtin: NONE,
  busybox: NONE,
  toybox: NONE,
  coproc: SCRIPT,
  "-": NONE,
  noglob: NONE,
  nocorrect: NONE,
  repeat: { ...NONE, operands: 1 },
  chroot: { ...NONE, operands: 1 },
  setarch: NONE,
  fakeroot: NONE,
  unbuffer: NONE,
  caffeinate: { valued: ["-t", "-w"], plain: ["-d", "-i", "-m", "-s", "-u"] },
  "systemd-run": NONE,
  "systemd-inhibit": NONE,
  "dbus-run-session": NONE,
  "xvfb-run": { valued: [], plain: ["-a"] },
  strace: { valued: ["-e", "-o", "-p", "-s"], plain: ["-f", "-ff", "-v", "-q", "-tt"] },
  unshare: NONE,
  nsenter: NONE,
  setpriv: NONE,
  pkexec: NONE,
  runuser: SCRIPT,
  su: SCRIPT,
  script: SCRIPT,
  watch: { valued: ["-n", "--interval"], plain: ["-d", "-t", "-x"], isShell: true },
  flock: { valued: ["-w"], plain: ["-n", "-x", "-s"], operands: 1, isShell: true },
  parallel: { ...SCRIPT, adds: true },
  trap: SCRIPT,
  alias: SCRIPT,
};

export function openerOf(name: string): Opener | undefined {
  return Object.hasOwn(OPENERS, name) ? OPENERS[name] : undefined;
}

const SHELL = /^r?(?:ba|da|a|z|k|mk|pdk|lk|fi|c|tc|y|o)?sh$/;

export function isShell(name: string): boolean {
  return SHELL.test(name);
}

/** `A=b`, `A+=b`, `A[1]=b`. */
const ASSIGNMENT = new RegExp(`^[A-Za-z_]\\w*(?:${SOME_WORDS}[^=]*\\])?\\+?=`);

export function isAssignment(word: string): boolean {
  return ASSIGNMENT.test(word);
}

/** The words of the command that the opener runs; undefined if an option is unknown. */
export function openedWords(words: Words, opener: Opener, assigns: boolean): Words | undefined {
  const { valued, plain, operands = 0 } = opener;
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (isLoose(word) && !(assigns && isAssignment(word))) return undefined;
    if (word === "--") {
      at++;
      break;
    }
    if (assigns && isAssignment(word)) continue;
    if (!word.startsWith("-")) break;
    if (plain.includes(word)) continue;
    if (valued.includes(word)) at++;
    else if (!isJoined(word, valued, plain)) return undefined;
  }
  while (assigns && isAssignment(words[at] ?? "")) at++;
  return words.slice(at + operands);
}

/** `-n1`, `--user=root`, `-nE`. */
function isJoined(word: string, valued: readonly string[], plain: readonly string[]): boolean {
  if (word.startsWith("--")) return [...valued, ...plain].includes(word.split("=")[0]!);
  if (valued.includes(word.slice(0, 2))) return true;
  return [...word.slice(1)].every((letter) => plain.includes(`-${letter}`));
}
