/** Asks on a terminal before something is given up. */
import type { Cli } from "./cli.ts";

/** Whether somebody is there to be asked. */
export function isAttended({ terminal }: Cli): boolean {
  return Deno.stdin.isTerminal() && terminal.isTerminal;
}

/** Whether a person says yes. Where nobody can be asked, a command needs `--yes`. */
export function confirmed(cli: Cli, question: string): boolean {
  if (!isAttended(cli)) {
    cli.terminal.note(`${question} Nobody can be asked here: use --yes`);
    return false;
  }
  return confirm(question);
}
