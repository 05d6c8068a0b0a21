/** The report of the last day: what became of tasks, and what all of them have cost. */
import type { Clock } from "../clock/clock.ts";
import { projectName } from "../domain/project_name.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { dayAt } from "../domain/time_zones.ts";
import { dailyReport, isReported } from "../protocol/daily_report.ts";
import type { RunContext } from "./run_context.ts";
import type { TaskQueries } from "./task_queries.ts";
import type { UsageReports } from "./usage_reports.ts";

const DAY_MS = 86_400_000;

export interface DailyReportOptions {
  clock: Clock;
  queries: Pick<TaskQueries, "all">;
  usage: Pick<UsageReports, "report">;
  settings: Pick<RunContext["settings"], "timezone">;
}

export interface WantedReport {
  /** Absent: all. */
  project?: string;
  /** The zone of the times in it; by default that of the days. */
  timezone?: string;
  /** The only tenant; absent: all. */
  tenant?: string;
}

export class DailyReport {
  readonly #options: DailyReportOptions;

  constructor(options: DailyReportOptions) {
    this.#options = options;
  }

  /** The report of this moment, as Markdown. Rejects if the store cannot be read. */
  async markdown({ project, timezone, tenant }: WantedReport): Promise<string> {
    const { clock, queries, usage, settings } = this.#options;
    const now_ms = clock.now();
    const cost_zone = settings.timezone;
    const start = dayAt(now_ms - DAY_MS, cost_zone);
    const { rows, today } = await usage.report({
      group_by: ["project", "day"],
      start,
      sees: tenant === undefined ? undefined : (whose) => whose.tenant === tenant,
    });
    const isOf = (name: string | undefined) => project === undefined || name === project;
    return dailyReport({
      tasks: queries.all((task) =>
        isReported(task, now_ms) && isOf(projectName(task)) &&
        (tenant === undefined || tenantOf(task.id) === tenant)
      ),
      costs: rows.filter((row) => isOf(row.project)),
      today,
      now_ms,
      timezone: timezone ?? cost_zone,
      cost_zone,
    });
  }
}
