/** `kill`: end one process of an agent. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { KillSignal } from "../../protocol/process.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { whole } from "../whole_number.ts";

export function addKill(program: Command, cli: Cli): void {
  cli.command(program, "kill", "send a signal to an agent's process; without --signal, end it")
    .argument("<pid>", "as in ps", whole)
    .addOption(
      new Option("-s, --signal <signal>", "with or without SIG").choices(KillSignal.options).argParser(signal)
        .default("SIGTERM"),
    )
    .action(async (pid: number, flags: CommonFlags & { signal: KillSignal }) => {
      const reply = await (await cli.asker(flags)).request("kill_process", { pid, signal: flags.signal });
      if (flags.json) return cli.terminal.json(reply, 2);
      const isEnded = !["SIGSTOP", "SIGCONT"].includes(reply.data.signal);
      cli.terminal.line(
        `process ${pid} ${isEnded ? `ended by ${reply.data.signal}` : `was sent ${reply.data.signal}`}`,
      );
    });
}

/** With or without `SIG`, in any case. */
function signal(text: string): KillSignal {
  const upper = text.toUpperCase();
  const known = KillSignal.safeParse(upper.startsWith("SIG") ? upper : `SIG${upper}`);
  if (known.success) return known.data;
  throw new InvalidArgumentError(`Allowed choices are ${KillSignal.options.join(", ")}.`);
}
