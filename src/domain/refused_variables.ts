/** The variables that a task may not set: they decide which code its agent's programs run, or speak for this server. Pure. */

/** Those that end with `*` stand for all names that begin so. */
const REFUSED = [
  "PATH",
  // Code that a program loads before its own, or where it looks for its parts.
  "LD_*",
  "DYLD_*",
  "GCONV_PATH",
  "GLIBC_TUNABLES",
  "NODE_OPTIONS",
  "NODE_PATH",
  "DENO_*",
  "BUN_OPTIONS",
  "PERL5OPT",
  "PERL5LIB",
  "PERL5DB",
  "RUBYOPT",
  "RUBYLIB",
  "PYTHONSTARTUP",
  "PYTHONPATH",
  "PYTHONHOME",
  "JAVA_TOOL_OPTIONS",
  "JDK_JAVA_OPTIONS",
  "_JAVA_OPTIONS",
  // What shells read or run before the script that they are given.
  "BASH_ENV",
  "ENV",
  "BASHOPTS",
  "SHELLOPTS",
  "PS4",
  "PROMPT_COMMAND",
  "ZDOTDIR",
  // Programs that git starts, and the repository that it takes for its own.
  "GIT_*",
  // What this server tells the agent.
  "TASK_*",
  "OPENCODE_AGENTS_*",
] as const;

/** The refused ones among the names, unless they are allowed: by name, or by the beginning of one and `*`. */
export function refusedVariables(names: readonly string[], allowed: readonly string[]): string[] {
  return names.filter((name) => isNamed(name, REFUSED) && !isNamed(name, allowed));
}

function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((one) => one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : one === name);
}
