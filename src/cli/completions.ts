/** Completion scripts, made from commander's tree of commands. Pure. */
import type { Command, Option } from "commander";
import { CHOSEN, type Chosen } from "./agent_choices.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

export interface CompletedOption {
  /** `-f`, `--follow`. */
  flags: string[];
  description: string;
  /** Whether it takes a value. */
  value: boolean;
  choices: string[];
  /** What the server's agents offer for it. */
  offered: Chosen | undefined;
}

export interface CompletedCommand {
  name: string;
  description: string;
  options: CompletedOption[];
  /** The possible values of its arguments, if they are limited. */
  choices: string[];
}

/** The visible commands, including `help`. */
export function commandsOf(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  return help.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    choices: command.name() === "help"
      ? help.visibleCommands(program).map((other) => other.name())
      : command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }));
}

function optionOf({ short, long, description, required, optional, argChoices }: Option): CompletedOption {
  return {
    flags: [short, long].filter((flag) => flag != null),
    description,
    value: required || optional,
    choices: [...argChoices ?? []],
    offered: required && !argChoices ? CHOSEN.find((name) => long === `--${name}`) : undefined,
  };
}

/** The command line that prints what is offered. `typed`: the shell's variable with the words so far. */
const asking = (program: string, what: Chosen, typed: string) =>
  `${program} agents --complete ${what} -- ${typed} 2>/dev/null`;

export function script(shell: Shell, program: string, commands: CompletedCommand[]): string {
  return { bash, zsh, fish }[shell](program, commands).join("\n");
}

/** Whether the option's value is a file or a folder, judged by its name. */
function isPath({ value, flags }: CompletedOption): boolean {
  return value && flags.some((flag) => ["--data", "--config", "--cwd"].includes(flag));
}

const words = (list: string[]) => list.join(" ");
const functionName = (program: string) => `_${program.replaceAll("-", "_")}`;

function bash(program: string, commands: CompletedCommand[]): string[] {
  const values = commands.flatMap(({ name, options }) =>
    options.filter(({ value }) => value).map((option) => {
      const pattern = option.flags.map((flag) => `"${name} ${flag}"`).join("|");
      const found = isPath(option)
        ? 'compgen -f -- "$cur"'
        : option.offered
        ? `compgen -W "$(${asking(program, option.offered, '"${COMP_WORDS[@]}"')})" -- "$cur"`
        : `compgen -W "${words(option.choices)}" -- "$cur"`;
      return `    ${pattern}) COMPREPLY=($(${found})); return ;;`;
    })
  );
  const known = commands.map(({ name, options, choices }) =>
    `    ${name}) COMPREPLY=($(compgen -W "${
      words([...options.flatMap(({ flags }) => flags), ...choices])
    }" -- "$cur")) ;;`
  );
  return [
    `# bash completion for ${program}`,
    `${functionName(program)}() {`,
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" command="" word',
    "  COMPREPLY=()",
    "  if ((COMP_CWORD > 1)); then",
    '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '      [[ $word != -* ]] && { command="$word"; break; }',
    "    done",
    "  fi",
    '  case "$command $prev" in',
    ...values,
    "  esac",
    '  case "$command" in',
    `    "") COMPREPLY=($(compgen -W "${
      words([...commands.map(({ name }) => name), "--help", "--version"])
    }" -- "$cur")) ;;`,
    ...known,
    "  esac",
    "}",
    `complete -o default -F ${functionName(program)} ${program}`,
  ];
}

/** The text in single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(program: string, commands: CompletedCommand[]): string[] {
  // _arguments and _describe give colons and brackets a meaning.
  const plain = (text: string) => text.replace(/[\[\]:\\]/g, (char) => `\\${char}`);
  const spec = (option: CompletedOption) => {
    const value = !option.value
      ? ""
      : isPath(option)
      ? ":path:_files"
      : option.offered
      ? `:value:{compadd -- \${(f)"$(${asking(program, option.offered, "$words")})"}}`
      : `:value:(${words(option.choices)})`;
    return option.flags.map((flag) => quoted(`*${flag}[${plain(option.description)}]${value}`));
  };
  return [
    `#compdef ${program}`,
    `${functionName(program)}() {`,
    "  local -a commands",
    "  commands=(",
    ...commands.map(({ name, description }) => `    ${quoted(`${name}:${plain(description)}`)}`),
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    "    return",
    "  fi",
    "  local command=$words[2]",
    '  words=("${(@)words[2,-1]}")',
    "  (( CURRENT-- ))",
    "  case $command in",
    ...commands.map(({ name, options, choices }) =>
      `    ${name}) _arguments -s ${words(options.flatMap(spec))} ${
        quoted(choices.length > 0 ? `*:argument:(${words(choices)})` : "*:argument:_default")
      } ;;`
    ),
    "  esac",
    "}",
    `if [[ $funcstack[1] == ${functionName(program)} ]]; then ${functionName(program)} "$@"; else compdef ${
      functionName(program)
    } ${program}; fi`,
  ];
}

function fish(program: string, commands: CompletedCommand[]): string[] {
  // In fish, a backslash also escapes inside single quotes.
  const text = (value: string) => `'${value.replace(/[\\']/g, "\\$&")}'`;
  return [
    `# fish completion for ${program}`,
    `complete -c ${program} -f`,
    ...commands.map(({ name, description }) =>
      `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${text(description)}`
    ),
    ...commands.flatMap(({ name, options, choices }) => {
      const when = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
      return [
        ...(choices.length > 0 ? [`${when} -a ${text(words(choices))}`] : []),
        ...options.map((option) => {
          const named = option.flags.map((flag) =>
            flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
          );
          const value = !option.value
            ? ""
            : isPath(option)
            ? " -rF"
            : option.offered
            ? ` -xa ${text(`(${asking(program, option.offered, "(commandline -opc)")})`)}`
            : ` -x${option.choices.length > 0 ? `a ${text(words(option.choices))}` : ""}`;
          return `${when} ${words(named)}${value} -d ${text(option.description)}`;
        }),
      ];
    }),
  ];
}
