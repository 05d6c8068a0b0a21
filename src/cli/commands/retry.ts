/** `retry`: run a failed or cancelled task again. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addRetry(program: Command, cli: Cli): void {
  cli.command(program, "retry <task>", "run a failed or cancelled task again")
    .option("--fresh", "begin a new session instead of going on in the agent's earlier one")
    .action(async (task_id: string, { fresh, ...flags }: CommonFlags & { fresh?: boolean }) => {
      const reply = await cli.http(flags).request("retry_task", { task_id, fresh });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} put back into the queue`);
    });
}
