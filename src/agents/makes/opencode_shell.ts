/**
 * The shell that OpenCode's commands run in under `ask` and `deny`. OpenCode asks about the programs in a command, so a
 * command without one, such as `> file`, reaches the shell unasked. This shell runs none of those.
 */
import { basename, isAbsolute } from "node:path";
import { shownText } from "../acp/tool_printed.ts";
import { objectOf, textOf } from "../acp/wire_value.ts";
import type { PolicyRequest, WireObject } from "./agent_make.ts";

/** OpenCode parses and quotes for these alike, by the name of the program. */
const SHELLS = ["bash", "zsh", "dash", "ksh", "sh"];

const DENIED = 'Not run: the task has permissions: "deny"';
const NOT_ASKED =
  "Not run: OpenCode asks for permission to use the programs in a command, and this one does not " +
  "begin with a program. Begin it with `true; ` to have a person asked for it.";

/** What a command may begin with that OpenCode does not ask about. */
const TEXT = `([A-Za-z0-9_./:@%+=,~-]|'[^']*'|"[^"$\`\\\\]*")`;
const SPACE = "[[:space:]]";
const ASSIGNMENT = `[A-Za-z_][A-Za-z0-9_]*=${TEXT}*`;
const END = `${SPACE}*(&&|;)${SPACE}*`;
const PRELUDE = `^${SPACE}*(cd(${SPACE}+${TEXT}+)?${END}|export(${SPACE}+${ASSIGNMENT})+${END}|` +
  `${ASSIGNMENT}(${END}|${SPACE}+))*`;
/** A program's name is neither a number, which may belong to `2> file`, nor the name of a function that follows. */
const PROGRAM = `[A-Za-z_./~][A-Za-z0-9_./~+-]*(${SPACE}*$|${SPACE}+[^([:space:]]|[;&|<>])`;
/** Words that OpenCode takes for no program. */
const WORDS =
  "cd|chdir|popd|pushd|push-location|set-location|if|then|while|until|for|case|select|function|time|" +
  "coproc|declare|typeset|export|readonly|local|unset|unsetenv|let";

export interface AskingShell {
  /** The file name, by which OpenCode knows what kind of shell it is. */
  name: string;
  script: string;
}

/** @param own the shell that OpenCode is configured to use, or `$SHELL` */
export function askingShell(permissions: PolicyRequest["permissions"], own: string | undefined): AskingShell {
  const shell = own !== undefined && isAbsolute(own) && SHELLS.includes(basename(own)) ? own : undefined;
  const name = shell === undefined ? "sh" : basename(shell);
  if (permissions === "deny") return { name, script: `#!/bin/sh\n${refusal(DENIED)}\n` };
  const lines = [
    "#!/bin/sh",
    "# Called with -c and a command.",
    `rest=$(printf '%s\\n' "$2" | grep -Ev '^${SPACE}*(#|$)' | tr '\\n' ';' | sed -E ${
      quoted(`s#${PRELUDE}##`)
    })`,
    `begins() { printf '%s\\n' "$rest" | grep -Eq "^($1)"; }`,
    `if ! begins ${quoted(PROGRAM)} || begins ${quoted(`(${WORDS})([^A-Za-z0-9_./~+-]|$)`)}; then`,
    `  ${refusal(NOT_ASKED)}`,
    "fi",
    shell === undefined
      ? 'command -v bash > /dev/null && exec bash "$@"\nexec /bin/sh "$@"'
      : `exec ${quoted(shell)} "$@"`,
  ];
  return { name, script: `${lines.join("\n")}\n` };
}

/** The title of a call that `deny` has kept from the shell, although OpenCode did not ask; undefined if it has not. */
export function deniedInShell(update: WireObject): string | undefined {
  if (update.sessionUpdate !== "tool_call_update" || update.status !== "completed") return undefined;
  if (shownText(update)?.trimEnd() !== DENIED) return undefined;
  return textOf(objectOf(update.rawInput)?.command) ?? textOf(update.title) ?? "a command";
}

function refusal(text: string): string {
  return `printf '%s\\n' ${quoted(text)} >&2; exit 126`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
