/** The commands that the program suggests: as its user can type them, and for the same server. */
import { envValue } from "./home.ts";
import type { ServerChoice } from "./find_server.ts";

/** `words`: the command and its arguments, ready for a shell. A key is a secret, so it is left out. */
export function ownCommand(words: string, { url, data }: ServerChoice = {}, program = programName()): string {
  const server = url ? ` --url ${quoted(url)}` : data ? ` --data ${quoted(data)}` : "";
  return `${program} ${words}${server}`;
}

/** Whoever runs the program with npx has no command of this name. */
function programName(): string {
  const isBelowNpx = envValue("npm_command") === "exec" && import.meta.url.includes("/node_modules/");
  return isBelowNpx ? "npx opencode-agents" : "opencode-agents";
}

function quoted(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
