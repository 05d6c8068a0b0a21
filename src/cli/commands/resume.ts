/** `resume`: continue a paused task. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addResume(program: Command, cli: Cli): void {
  cli.command(program, "resume <task>", "continue a paused task")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("resume_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} resumed`);
    });
}
