/** `discard`: give up what a task has changed. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { confirmed } from "../confirm.ts";

export function addDiscard(program: Command, cli: Cli): void {
  cli.command(program, "discard <task>", "give up what a task has changed; the commits are kept for a while")
    .option("--yes", "do not ask")
    .action(async (task_id: string, flags: CommonFlags & { yes?: boolean }) => {
      if (!flags.yes && !confirmed(cli, `Discard the changes of ${task_id}?`)) {
        cli.exit = 1;
        return cli.terminal.note("nothing was discarded");
      }
      const reply = await cli.http(flags).request("discard_changes", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`the changes of ${task_id} are discarded`);
      cli.terminal.note(
        `they are kept as ${reply.kept_as}; git branch NAME ${reply.kept_as} brings them back`,
      );
    });
}
