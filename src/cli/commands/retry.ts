/** `retry`: run a failed or cancelled task again. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addRetry(program: Command, cli: Cli): void {
  cli.command(program, "retry <task>", "run a failed or cancelled task again")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("retry_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} put back into the queue`);
    });
}
