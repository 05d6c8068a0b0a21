/** `kill`: send a signal to a process of an agent. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { KillSignal } from "../../protocol/process.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { wholeNumber } from "../options.ts";

export function addKill(program: Command, cli: Cli): void {
  cli.command(program, "kill", "send a signal to an agent's process; without --signal, end it")
    .argument("<pid>", "the process id, as ps shows it", wholeNumber)
    .addOption(
      new Option("-s, --signal <signal>", "with or without SIG").choices(KillSignal.options)
        .argParser(parsedSignal).default("SIGTERM"),
    )
    .action(async (pid: number, flags: CommonFlags & { signal: KillSignal }) => {
      const reply = await cli.http(flags).request("kill_process", { pid, signal: flags.signal });
      if (flags.json) return cli.terminal.json(reply, 2);
      const { signal } = reply.data;
      const isEnded = signal !== "SIGSTOP" && signal !== "SIGCONT";
      cli.terminal.line(`process ${pid} ${isEnded ? `ended by ${signal}` : `was sent ${signal}`}`);
    });
}

/** With or without `SIG`, in upper or lower case. */
function parsedSignal(text: string): KillSignal {
  const upper = text.toUpperCase();
  const known = KillSignal.safeParse(upper.startsWith("SIG") ? upper : `SIG${upper}`);
  if (known.success) return known.data;
  throw new InvalidArgumentError(`Allowed choices are ${KillSignal.options.join(", ")}.`);
}
