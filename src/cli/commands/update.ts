/** `update`: bring the branch from which a task started into its worktree. */
import { type Command, Option } from "commander";
import { Resolver, UpdateMethod } from "../../domain/base_update.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { ownCommand } from "../own_command.ts";

interface UpdateFlags extends CommonFlags {
  method?: UpdateMethod;
  resolve?: Resolver;
}

export function addUpdate(program: Command, cli: Cli): void {
  cli.command(program, "update <task>", "bring the branch from which a task started into its worktree")
    .addOption(new Option("--method <method>", "how (default: rebase)").choices(UpdateMethod.options))
    .addOption(
      new Option("--resolve <by>", "who resolves conflicts (default: none)").choices(Resolver.options),
    )
    .action(async (task_id: string, { method, resolve, ...flags }: UpdateFlags) => {
      const { terminal } = cli;
      const reply = await cli.http(flags).request("update_workspace", { task_id, method, resolve });
      if (flags.json) return terminal.json(reply, 2);
      if (reply.conflicts.length === 0) return terminal.line(`${task_id} is up to date with its base`);
      for (const file of reply.conflicts) terminal.line(file);
      if (resolve === "agent") return terminal.note("the agent was asked to resolve these conflicts");
      cli.exit = 1;
      terminal.note(
        `nothing was changed; have the agent resolve them: ${
          ownCommand(`update ${task_id} --resolve agent`, flags)
        }`,
      );
    });
}
