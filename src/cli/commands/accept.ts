/** `accept`: bring what a task has changed into a branch. */
import { type Command, Option } from "commander";
import { AcceptMethod } from "../../domain/ending.ts";
import type { Cli, CommonFlags } from "../cli.ts";

interface AcceptFlags extends CommonFlags {
  method?: AcceptMethod;
  into?: string;
  message?: string;
  includeDependencies?: boolean;
}

export function addAccept(program: Command, cli: Cli): void {
  cli.command(program, "accept <task>", "bring what a task has changed into the branch from which it started")
    .addOption(
      new Option(
        "--method <method>",
        "one commit, a merge, or the task's own commits (default: squash, or as the project says)",
      ).choices(
        AcceptMethod.options,
      ),
    )
    .option("--into <branch>", "another local branch (default: the one from which it started)")
    .option("-m, --message <text>", "the commit's message (default: the task's description)")
    .option("--include-dependencies", "also accept the work of dependencies that it carries")
    .action(async (task_id: string, flags: AcceptFlags) => {
      const { method, into, message, includeDependencies: include_dependencies } = flags;
      const asked = { task_id, method, into, message, include_dependencies };
      const reply = await cli.http(flags).request("accept_changes", asked);
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(
        `${reply.into} has the changes of ${task_id} (${reply.method} ${reply.commit.slice(0, 10)})`,
      );
    });
}
