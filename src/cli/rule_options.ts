/** The options that say how often a schedule runs. */
import { type Command, Option } from "commander";
import { ApiError } from "../domain/errors.ts";
import { RecurringConfig } from "../domain/task.ts";
import { isTimeZone } from "../domain/time_zones.ts";
import { localZone } from "./local_time.ts";
import { wholeNumber } from "./options.ts";
import { type Here, type PointInTime, pointInTime } from "./when.ts";

export interface RuleFlags {
  every?: RecurringConfig["interval"];
  cron?: string;
  until?: string;
  maxRuns?: number;
  timezone?: string;
  overlap?: boolean;
  pauseAfter?: number;
}

const INTERVALS = RecurringConfig.shape.interval.options.filter((interval) => interval !== "cron");

export function addRuleOptions(command: Command): Command {
  return command
    .addOption(new Option("--every <interval>", "repeat each hour, day, week or month").choices(INTERVALS))
    .addOption(
      new Option("--cron <expression>", 'repeat by a cron expression, such as "0 9 * * MON-FRI"').conflicts(
        "every",
      ),
    )
    .option("--until <time>", "when repeated: not after this time (as --at)")
    .option("--max-runs <count>", "when repeated: at most this many runs", wholeNumber)
    .option(
      "--timezone <zone>",
      "the IANA zone of --at, --until, --cron and the repetition, such as Europe/Vienna (default: this machine's)",
    )
    .option("--overlap", "when repeated: also run while the previous run is still going on")
    .option(
      "--pause-after <failures>",
      "when repeated: pause after so many failed runs in a row",
      wholeNumber,
    );
}

/** The zone of the times in the flags. */
export function zoneOf({ timezone = localZone() }: RuleFlags): string {
  if (isTimeZone(timezone)) return timezone;
  throw new ApiError(
    "CONFIGURATION_ERROR",
    `--timezone '${timezone}' is not an IANA time zone such as Europe/Vienna`,
    { field: "timezone", value: timezone },
  );
}

/**
 * The rule that the flags name; what they leave out is as `before`. A repetition keeps its local time when clocks change,
 * unless `--at` names its offset from UTC. Undefined: it runs once.
 */
export function recurringOf(
  flags: RuleFlags,
  at: PointInTime | undefined,
  here: Here,
  before?: RecurringConfig,
): RecurringConfig | undefined {
  const cron = flags.cron ?? (flags.every === undefined ? before?.cron : undefined);
  const interval = cron !== undefined ? "cron" : flags.every ?? before?.interval;
  if (interval === undefined) return undefined;
  const isLocal = at?.isLocal === true || (flags.cron !== undefined && before === undefined);
  return {
    interval,
    end_time: flags.until === undefined ? before?.end_time : pointInTime(flags.until, "until", here).time,
    max_runs: flags.maxRuns ?? before?.max_runs,
    timezone: flags.timezone ?? before?.timezone ?? (isLocal ? here.zone : undefined),
    allow_overlap: flags.overlap ?? before?.allow_overlap,
    cron,
    pause_after_failures: flags.pauseAfter ?? before?.pause_after_failures,
  };
}
