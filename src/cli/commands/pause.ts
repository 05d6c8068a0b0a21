/** `pause`: hold a task. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addPause(program: Command, cli: Cli): void {
  cli.command(program, "pause <task>", "hold a task; a running one is stopped where it is")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("pause_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} paused`);
    });
}
