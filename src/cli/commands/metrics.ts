/** `metrics`: what the server was asked and how fast it answered. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { table } from "../text.ts";

export function addMetrics(program: Command, cli: Cli): void {
  cli.command(program, "metrics", "show requests, response times and connections")
    .option("--range <range>", "the last minutes or hours, 1m to 24h", "1h")
    .action(async (flags: CommonFlags & { range: string }) => {
      const reply = await (await cli.asker(flags)).request("request_metrics", { time_range: flags.range });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const { data } = reply;
      const { p50, p90, p99 } = data.latency_percentiles_ms;
      const { current, peak_today, total_today } = data.client_connections;
      const rows: [string, string][] = [
        [
          "requests",
          `${data.requests_total} in ${data.time_range}, ${data.requests_per_second.toFixed(2)}/s`,
        ],
        ["errors", `${data.error_rate_percent.toFixed(1)} %`],
        ["response time", `${data.average_response_time_ms.toFixed(2)} ms on average`],
        ["", `p50 ${p50.toFixed(2)}, p90 ${p90.toFixed(2)}, p99 ${p99.toFixed(2)} ms`],
        ["connections", `${current} now, at most ${peak_today} and ${total_today} in all today`],
      ];
      for (const [name, value] of rows) terminal.line(`${name.padEnd(15)}${value}`);
      const used = Object.entries(data.endpoint_usage).filter(([, count]) => count > 0)
        .sort(([, a], [, b]) => b - a);
      if (used.length === 0) return;
      terminal.line();
      for (
        const line of table(used, [
          { title: "REQUEST", value: ([name]) => name },
          { title: "COUNT", value: ([, count]) => String(count) },
        ])
      ) terminal.line(line);
    });
}
