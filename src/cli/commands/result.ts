/** `result`: a task's output on stdout, and nothing else there. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { checkWords, failedChecks } from "../../domain/check.ts";
import { clean, oneLine } from "../text.ts";

export function addResult(program: Command, cli: Cli): void {
  const does = "print a task's output: the agent's answer, or what a command printed";
  cli.command(program, "result <task>", does)
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("get_task_result", { task_id });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const { output, checks = [] } = reply.result;
      for (const check of failedChecks(checks)) terminal.note(oneLine(checkWords(check)));
      if (output === "") return terminal.note(`task ${task_id} (${reply.status}) has no output`);
      // Other programs get the output unchanged. A terminal would obey its escape sequences, so they are removed.
      terminal.line((terminal.isTerminal ? clean(output) : output).replace(/\n$/, ""));
    });
}
