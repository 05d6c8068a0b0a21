/** `cancel`: end a task. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addCancel(program: Command, cli: Cli): void {
  cli.command(program, "cancel <task>", "end a task; a running one is stopped with all its processes")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("cancel_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} cancelled`);
    });
}
