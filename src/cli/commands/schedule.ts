/** `schedule`, `unschedule`, `schedules`: tasks that run at a given time, once or repeatedly. */
import { type Command, Option } from "commander";
import { RecurringConfig } from "../../domain/task.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { addTaskOptions, newId, promptText, type TaskFlags, taskOf, withFolder } from "../new_task.ts";
import { wholeNumber } from "../options.ts";
import { printTable } from "../table.ts";
import { pointInTime } from "../when.ts";

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
    .requiredOption("--at <time>", "+30m, +2h, +1d, or ISO 8601 (local time unless it names a zone)")
    .addOption(
      new Option("--every <interval>", "repeat each day, week or month").choices(
        RecurringConfig.shape.interval.options,
      ),
    )
    .option("--until <time>", "with --every: not after this time (as --at)")
    .option("--max-runs <count>", "with --every: at most this many runs", wholeNumber)
    .option("--timezone <zone>", "with --every: keep the local time of this IANA zone, such as Europe/Vienna")
    .option("--overlap", "with --every: also run while the previous run is still going on");
  addTaskOptions(command).action(async (prompt: string, flags: ScheduleFlags) => {
    const now_ms = cli.clock.now();
    const task = taskOf(await promptText(prompt), flags, flags.id ?? newId(cli.clock), Deno.cwd());
    const scheduled = {
      scheduled_time: pointInTime(flags.at, now_ms, "at"),
      recurring: recurringOf(flags, now_ms),
    };
    const server = cli.http(flags);
    const reply = await withFolder(
      cli,
      flags,
      task,
      (task) => server.request("schedule_task", { task: { ...task, ...scheduled } }),
    );
    if (flags.json) return cli.terminal.json(reply, 2);
    cli.terminal.line(
      `task ${reply.task_id} scheduled for ${reply.next_run}${flags.every ? `, then ${flags.every}` : ""}`,
    );
  });
}

function recurringOf(flags: ScheduleFlags, now_ms: number): RecurringConfig | undefined {
  if (flags.every === undefined) return undefined;
  return {
    interval: flags.every,
    end_time: flags.until === undefined ? undefined : pointInTime(flags.until, now_ms, "until"),
    max_runs: flags.maxRuns,
    timezone: flags.timezone,
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
        { title: "NEXT", value: ({ next_run }) => next_run ?? "-" },
        { title: "THEN", value: ({ upcoming }) => upcoming.slice(1).join(" ") || "-" },
        { title: "DESCRIPTION", value: ({ task }) => String(task.description ?? "") },
      ]);
      terminal.note(`${reply.schedules.length} schedules`);
    });
}
