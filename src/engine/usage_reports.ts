/** Reports what tasks have used: those that are there, and those that retention has removed. */
import { epochOf } from "../clock/clock.ts";
import { DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { dayAt } from "../domain/time_zones.ts";
import type { UsageRow } from "../domain/usage_rollup.ts";
import type { Reply } from "../protocol/messages.ts";
import { isDay, type UsageGroup } from "../protocol/usage_messages.ts";
import { usageReport } from "../read/usage_report.ts";
import type { RunContext } from "./run_context.ts";

/** A report has at most this many rows. */
const ROWS_MAX = 10_000;

export interface UsageReportsOptions {
  clock: RunContext["clock"];
  index: Pick<RunContext["index"], "all">;
  store: Pick<RunContext["store"], "usage">;
  settings: Pick<RunContext["settings"], "projectOf" | "timezone">;
}

type Report = Pick<Reply<"request_usage">, "rows" | "totals" | "timezone" | "today">;

export class UsageReports {
  readonly #options: UsageReportsOptions;

  constructor(options: UsageReportsOptions) {
    this.#options = options;
  }

  /**
   * `isOver`: only turns that are over, whose sums never fall. `sees`: whose tasks count, if not all. Throws `INVALID_FIELD_VALUE` for a report that would be too long.
   */
  async report({ group_by = [], start, end, isOver = false, sees }: {
    group_by?: readonly UsageGroup[];
    start?: string;
    end?: string;
    isOver?: boolean;
    sees?(whose: { project: string | undefined; tenant: string }): boolean;
  }): Promise<Report> {
    const { clock, index, store, settings } = this.#options;
    const { timezone } = settings;
    const first = start === undefined || isDay(start) ? start : dayAt(epochOf(start), timezone);
    // A time at midnight ends the day before.
    const last = end === undefined || isDay(end) ? end : dayAt(epochOf(end) - 1, timezone);
    const days = new Map<string, UsageRow[]>();
    for await (const { day, rows } of store.usage.list(first, last)) {
      days.set(
        day,
        sees ? rows.filter(({ project, tenant = DEFAULT_TENANT }) => sees({ project, tenant })) : rows,
      );
    }
    const projectOf = (task: TaskRecord) => settings.projectOf(task)?.name;
    const tasks = sees
      ? [...index.all()].filter((task) => sees({ project: projectOf(task), tenant: tenantOf(task.id) }))
      : index.all();
    const report = usageReport({ tasks, projectOf, days }, { group_by, first, last, isOver });
    if (report.rows.length > ROWS_MAX) {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "group_by",
        group_by,
        "fewer keys, or a shorter time",
        `The report would have ${report.rows.length} rows, more than ${ROWS_MAX}`,
      );
    }
    return { ...report, timezone, today: dayAt(clock.now(), timezone) };
  }
}
