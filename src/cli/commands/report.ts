/** `report`: what the last day has brought, as Markdown. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addReport(program: Command, cli: Cli): void {
  cli.command(
    program,
    "report",
    "print what was done, waits, needs you, failed and cost in the last 24 hours",
  )
    .option("--project <name>", "only the tasks of this project")
    .option("--timezone <zone>", "the IANA time zone of its times (default: the server's tasks.timezone)")
    .action(async (flags: CommonFlags & { project?: string; timezone?: string }) => {
      const { project, timezone } = flags;
      const reply = await cli.http(flags).request("create_report", {
        kind: "daily",
        format: "markdown",
        project,
        timezone,
      });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(reply.content.trimEnd());
    });
}
