/** `schedule`, `unschedule`, `schedules`: tasks that run at a given time, once or repeatedly. */
import { type Command, Option } from "commander";
import { ApiError } from "../../domain/errors.ts";
import { RecurringConfig } from "../../domain/task.ts";
import { isTimeZone } from "../../domain/time_zones.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import {
  addTaskOptions,
  newId,
  promptText,
  type TaskFlags,
  taskOf,
  withAttachments,
  withFolder,
} from "../new_task.ts";
import { localDateTime, localWithOffset, localZone, zoneWarning } from "../local_time.ts";
import { wholeNumber } from "../options.ts";
import { printTable } from "../table.ts";
import { type Here, type PointInTime, pointInTime } from "../when.ts";
import { counted } from "../../protocol/formats.ts";

interface ScheduleFlags extends TaskFlags {
  at: string;
  every?: RecurringConfig["interval"];
  until?: string;
  maxRuns?: number;
  timezone?: string;
  overlap?: boolean;
}

export function addSchedule(program: Command, cli: Cli): void {
  addCreate(program, cli);
  addUnschedule(program, cli);
  addList(program, cli);
}

function addCreate(program: Command, cli: Cli): void {
  const does = 'run a task later; "-" reads the prompt from stdin';
  const command = cli.command(program, "schedule <prompt>", does)
    .requiredOption(
      "--at <time>",
      "+30m, 09:00, tomorrow 09:00, friday 18:00, or a date and time, local unless it names its offset",
    )
    .addOption(
      new Option("--every <interval>", "repeat each day, week or month").choices(
        RecurringConfig.shape.interval.options,
      ),
    )
    .option("--until <time>", "with --every: not after this time (as --at)")
    .option("--max-runs <count>", "with --every: at most this many runs", wholeNumber)
    .option(
      "--timezone <zone>",
      "the IANA zone of --at, --until and the repetition, such as Europe/Vienna (default: this machine's)",
    )
    .option("--overlap", "with --every: also run while the previous run is still going on");
  addTaskOptions(command).action(async (prompt: string, flags: ScheduleFlags) => {
    const here = { now_ms: cli.clock.now(), zone: zoneOf(flags) };
    const at = pointInTime(flags.at, "at", here);
    const warning = at.isLocal && flags.timezone === undefined ? zoneWarning() : undefined;
    if (warning) cli.terminal.note(warning);
    const asked = taskOf(await promptText(prompt), flags, flags.id ?? newId(cli.clock), Deno.cwd());
    const scheduled = {
      scheduled_time: at.time,
      recurring: recurringOf(flags, at, here),
    };
    const server = cli.http(flags);
    const task = await withAttachments(server, flags, asked);
    const reply = await withFolder(
      cli,
      flags,
      task,
      (task) => server.request("schedule_task", { task: { ...task, ...scheduled } }),
    );
    if (flags.json) return cli.terminal.json(reply, 2);
    cli.terminal.line(
      `task ${reply.task_id} scheduled for ${localWithOffset(reply.next_run)}` +
        (flags.every ? `, then ${flags.every} in the time of ${reply.recurring?.timezone ?? "UTC"}` : ""),
    );
  });
}

/** The zone of the times in the flags. */
function zoneOf({ timezone = localZone() }: ScheduleFlags): string {
  if (isTimeZone(timezone)) return timezone;
  throw new ApiError(
    "CONFIGURATION_ERROR",
    `--timezone '${timezone}' is not an IANA time zone such as Europe/Vienna`,
    {
      field: "timezone",
      value: timezone,
    },
  );
}

/** A repetition keeps its local time when clocks change, unless `--at` names its offset from UTC. */
function recurringOf(flags: ScheduleFlags, at: PointInTime, here: Here): RecurringConfig | undefined {
  if (flags.every === undefined) return undefined;
  return {
    interval: flags.every,
    end_time: flags.until === undefined ? undefined : pointInTime(flags.until, "until", here).time,
    max_runs: flags.maxRuns,
    timezone: flags.timezone ?? (at.isLocal ? here.zone : undefined),
    allow_overlap: flags.overlap,
  };
}

function addUnschedule(program: Command, cli: Cli): void {
  cli.command(program, "unschedule <task>", "remove a schedule; runs that have started continue")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("unschedule_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} unscheduled`);
    });
}

function addList(program: Command, cli: Cli): void {
  cli.command(program, "schedules", "list scheduled tasks and when they run")
    .option("--upcoming <count>", "how many next runs to show for each, 0 to 20", wholeNumber, 3)
    .action(async (flags: CommonFlags & { upcoming: number }) => {
      const reply = await cli.http(flags).request("list_schedules", { upcoming: flags.upcoming });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      printTable(terminal, reply.schedules, [
        { title: "ID", value: ({ id }) => id },
        { title: "EVERY", value: ({ recurring }) => recurring?.interval ?? "once" },
        { title: "RUNS", value: ({ runs }) => String(runs) },
        { title: "NEXT", value: ({ next_run }) => next_run === undefined ? "-" : localWithOffset(next_run) },
        {
          title: "THEN",
          value: ({ upcoming }) => upcoming.slice(1).map((iso) => localDateTime(iso)).join(", ") || "-",
        },
        { title: "DESCRIPTION", value: ({ task }) => String(task.description ?? "") },
      ]);
      terminal.note(counted(reply.schedules.length, "schedule"));
    });
}
