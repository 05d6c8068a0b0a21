/** `follow`: watch a task that was started earlier. */
import type { Command } from "commander";
import type { LogLevel } from "../../domain/log_entry.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { follow } from "../follow/follow.ts";
import { levelOption } from "../options.ts";

export function addFollow(program: Command, cli: Cli): void {
  const does = "show a task's progress and log until it ends; exits as `run --follow` does";
  cli.command(program, "follow <task>", does)
    .addOption(levelOption("info", "log entries of this level and above"))
    .action(async (task_id: string, flags: CommonFlags & { level: LogLevel }) => {
      await cli.http(flags).request("get_task_status", { task_id });
      cli.exit = await follow(cli, flags, { task_id, level: flags.level });
    });
}
