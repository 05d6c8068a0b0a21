/** `pr`: open a task's pull request. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

interface Flags extends CommonFlags {
  title?: string;
  body?: string;
  draft?: boolean;
  into?: string;
  remote?: string;
}

export function addPr(program: Command, cli: Cli): void {
  cli.command(
    program,
    "pr <task>",
    "push a task's branch and open a pull request, or bring an open one up to date",
  )
    .option("--title <text>", "its title (default: the first line of the task's description)")
    .option("--body <markdown>", "its text (default: the task's description)")
    .option("--draft", "open it as a draft (default: as the project says)")
    .option("--no-draft", "do not open it as a draft")
    .option("--into <branch>", "the branch that is to take the changes")
    .option("--remote <name>", "a remote of the repository (default: origin)")
    .action(async (task_id: string, { title, body, draft, into, remote, ...flags }: Flags) => {
      const reply = await cli.http(flags).request("create_pull_request", {
        task_id,
        title,
        body,
        draft,
        into,
        remote,
      });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(reply.url);
      cli.terminal.note(`the changes of ${task_id} are on the remote's branch ${reply.branch}`);
    });
}
