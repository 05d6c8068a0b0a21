/** `usage`: what turns have used: tokens, cost and time. */
import { type Command, Option } from "commander";
import { costText, count, duration } from "../../protocol/formats.ts";
import { UsageGroup, type UsageReportRow } from "../../protocol/usage_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { type Column, printTable } from "../table.ts";
import { pointInTime } from "../when.ts";
import { ownTimeZone } from "../../domain/time_zones.ts";

interface UsageFlags extends CommonFlags {
  by: UsageGroup[];
  since?: string;
  until?: string;
}

export function addUsage(program: Command, cli: Cli): void {
  cli.command(program, "usage", "tokens, cost and time of all turns, by day or by what you name")
    .addOption(
      new Option("--by <keys...>", "what to sum up by").choices(UsageGroup.options).default(["day"]),
    )
    .option("--since <when>", "from this day on, such as 7d or 2026-11-01")
    .option("--until <when>", "until this day")
    .action(async (flags: UsageFlags) => {
      const { terminal, clock } = cli;
      const here = { now_ms: clock.now(), zone: ownTimeZone() };
      const { since, until } = flags;
      const report = await cli.http(flags).request("request_usage", {
        group_by: [...new Set(flags.by)],
        start: since === undefined ? undefined : pointInTime(since, "since", here).time,
        end: until === undefined ? undefined : pointInTime(until, "until", here).time,
      });
      if (flags.json) return terminal.json(report, 2);
      const { rows, totals } = report;
      if (totals.turns === 0) return terminal.note("no turn has been counted yet");
      printTable(terminal, rows, [...report.rows.length > 0 ? keyColumns(flags.by) : [], ...FIGURES]);
      const { tasks, turns } = totals;
      terminal.note(
        `in all ${costText(totals)} in ${count(turns)} turns of ${
          count(tasks)
        } tasks; days are those of ${report.timezone}`,
      );
    });
}

function keyColumns(keys: readonly UsageGroup[]): Column<UsageReportRow>[] {
  return keys.map((key) => ({ title: key.toUpperCase(), value: (row) => row[key] ?? "-" }));
}

const FIGURES: Column<UsageReportRow>[] = [
  { title: "COST", value: costText },
  { title: "INPUT", value: ({ input_tokens }) => count(input_tokens) },
  { title: "CACHED", value: ({ cached_tokens }) => count(cached_tokens) },
  { title: "OUTPUT", value: ({ output_tokens }) => count(output_tokens) },
  { title: "TURNS", value: ({ turns }) => count(turns) },
  { title: "TASKS", value: ({ tasks }) => count(tasks) },
  { title: "TIME", value: ({ duration_ms }) => duration(duration_ms) },
];
