/** `metrics`: what clients requested and how fast the server answered. */
import type { Command } from "commander";
import { count, latency, percent } from "../../protocol/formats.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { printTable } from "../table.ts";

export function addMetrics(program: Command, cli: Cli): void {
  cli.command(program, "metrics", "show requests, response times and connections")
    .option("--range <range>", "the last minutes or hours, 1m to 24h", "1h")
    .action(async (flags: CommonFlags & { range: string }) => {
      const reply = await cli.http(flags).request("request_metrics", { time_range: flags.range });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const { data } = reply;
      const { p50, p90, p99 } = data.latency_percentiles_ms;
      const { current, peak_today, total_today } = data.client_connections;
      const per_second = `${data.requests_per_second.toFixed(2)}/s`;
      const rows = [
        ["requests", `${count(data.requests_total)} in ${data.time_range}, ${per_second}`],
        ["errors", percent(data.error_rate_percent)],
        ["response time", `${latency(data.average_response_time_ms)} on average`],
        ["", `p50 ${latency(p50)}, p90 ${latency(p90)}, p99 ${latency(p99)}`],
        ["connections", `${current} now; today: peak ${peak_today}, total ${total_today}`],
      ];
      for (const [name, value] of rows) terminal.line(`${name!.padEnd(15)}${value}`);
      const used = Object.entries(data.endpoint_usage).filter(([, times]) => times > 0)
        .sort(([, a], [, b]) => b - a);
      if (used.length === 0) return;
      terminal.line();
      printTable(terminal, used, [
        { title: "REQUEST", value: ([name]) => name },
        { title: "COUNT", value: ([, times]) => count(times) },
      ]);
    });
}
