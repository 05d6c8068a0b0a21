/** Asks on a terminal before something is given up. */
import type { Cli } from "./cli.ts";

/** Whether a person says yes. Where nobody can be asked, a command needs `--yes`. */
export function confirmed({ terminal }: Cli, question: string): boolean {
  if (!Deno.stdin.isTerminal() || !terminal.isTerminal) {
    terminal.note(`${question} Nobody can be asked here: use --yes`);
    return false;
  }
  return confirm(question);
}
