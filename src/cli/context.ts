/** What a command is given: the terminal, the clock, the environment, and the way to end. */
import { type Clock, systemClock } from "../clock/clock.ts";
import { systemTerminal, type Terminal } from "./screen.ts";

export interface Cli {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly env: (name: string) => string | undefined;
  readonly cwd: () => string;
  /** Calls `action` at every Ctrl-C instead of ending; the returned function undoes it. */
  readonly onInterrupt: (action: () => void) => () => void;
  /** What the process will end with. */
  exit_code: number;
}

/** This process's own. */
export function systemCli(): Cli {
  return {
    terminal: systemTerminal(),
    clock: systemClock,
    env: (name) => Deno.env.get(name),
    cwd: () => Deno.cwd(),
    onInterrupt(action) {
      Deno.addSignalListener("SIGINT", action);
      return () => Deno.removeSignalListener("SIGINT", action);
    },
    exit_code: 0,
  };
}

export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** One JSON document, or one of many lines of them. */
export function printJson(cli: Cli, value: unknown, indent?: number): void {
  cli.terminal.out(JSON.stringify(value, null, indent) + "\n");
}
