/** `resume`: continue a paused task. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { number, wholeNumber } from "../options.ts";

interface ResumeFlags extends CommonFlags {
  maxCost?: number;
  maxTokens?: number;
}

export function addResume(program: Command, cli: Cli): void {
  cli.command(program, "resume <task>", "continue a paused task")
    .option("--max-cost <usd>", "a higher bound on its cost, if it had come to that", number)
    .option("--max-tokens <n>", "a higher bound on its tokens", wholeNumber)
    .action(async (task_id: string, flags: ResumeFlags) => {
      const { maxCost: max_cost_usd, maxTokens: max_tokens } = flags;
      const reply = await cli.http(flags).request("resume_task", { task_id, max_cost_usd, max_tokens });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} resumed`);
    });
}
