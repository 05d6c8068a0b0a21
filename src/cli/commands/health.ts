/** `health`: the state of the server and its parts. */
import type { Command } from "commander";
import { duration } from "../../protocol/formats.ts";
import type { ComponentStatus } from "../../protocol/system_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { EXIT } from "../exit_codes.ts";
import { localWithOffset } from "../local_time.ts";
import type { Style } from "../terminal.ts";
import { oneLine } from "../text.ts";

const STYLE: Record<ComponentStatus, Style> = { healthy: "green", degraded: "yellow", unhealthy: "red" };

export function addHealth(program: Command, cli: Cli): void {
  cli.command(program, "health", "show the state of the server and its parts; exit 1 when unhealthy")
    .action(async (flags: CommonFlags) => {
      const reply = await cli.http(flags).request("request_system_health");
      const { overall_status, components, uptime_seconds, issues } = reply.data;
      if (overall_status === "unhealthy") cli.exit = EXIT.failed;
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const overall = terminal.paint(overall_status, STYLE[overall_status], "bold");
      terminal.line(`${overall}, up ${duration(uptime_seconds * 1000)}`);
      for (const [name, status] of Object.entries(components)) {
        terminal.line(`  ${name.padEnd(20)}${terminal.paint(status, STYLE[status])}`);
      }
      for (const { code, component, message, since } of issues) {
        terminal.line(
          `${terminal.paint(code, "yellow")}  ${component}: ${oneLine(message)} (since ${
            localWithOffset(since)
          })`,
        );
      }
    });
}
