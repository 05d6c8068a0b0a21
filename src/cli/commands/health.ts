/** `health`: how the server and its parts stand. */
import type { Command } from "commander";
import type { ComponentStatus } from "../../protocol/system_messages.ts";
import { type Cli, type CommonFlags, EXIT } from "../cli.ts";
import type { Style } from "../terminal.ts";
import { oneLine } from "../text.ts";
import { duration } from "../../protocol/formats.ts";

const STYLE: Record<ComponentStatus, Style> = { healthy: "green", degraded: "yellow", unhealthy: "red" };

export function addHealth(program: Command, cli: Cli): void {
  cli.command(program, "health", "show how the server and its parts stand; exit 1 when unhealthy")
    .action(async (flags: CommonFlags) => {
      const reply = await (await cli.asker(flags)).request("request_system_health");
      const { overall_status, components, uptime_seconds, issues } = reply.data;
      if (overall_status === "unhealthy") cli.exit = EXIT.failed;
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      terminal.line(
        `${terminal.paint(overall_status, STYLE[overall_status], "bold")}, up ${
          duration(uptime_seconds * 1000)
        }`,
      );
      for (const [name, status] of Object.entries(components)) {
        terminal.line(`  ${name.padEnd(20)}${terminal.paint(status, STYLE[status])}`);
      }
      for (const { code, component, message, since } of issues) {
        terminal.line(
          `${terminal.paint(code, "yellow")}  ${component}: ${oneLine(message)} (since ${since})`,
        );
      }
    });
}
