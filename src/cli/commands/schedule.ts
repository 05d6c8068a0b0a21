/** `schedule`, `unschedule`, `schedules`: tasks that run at a time, once or again and again. */
import { type Command, Option } from "commander";
import { RecurringConfig } from "../../domain/task.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { addTaskOptions, given, newId, promptText, type TaskFlags, taskOf, withFolder } from "../new_task.ts";
import { table } from "../text.ts";
import { pointOfTime } from "../when.ts";
import { whole } from "../whole_number.ts";

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
  const command = cli.command(
    program,
    "schedule <prompt>",
    'run a task later; "-" reads the prompt from stdin',
  )
    .requiredOption("--at <time>", "+30m, +2h, +1d, or ISO 8601 (local time when it names no zone)")
    .addOption(
      new Option("--every <interval>", "and again each day, week or month").choices(
        RecurringConfig.shape.interval.options,
      ),
    )
    .option("--until <time>", "with --every: not after this time (as --at)")
    .option("--max-runs <count>", "with --every: at most so many runs", whole)
    .option("--timezone <zone>", "with --every: keep the hour of this IANA zone, such as Europe/Vienna")
    .option("--overlap", "with --every: run also while the run before is still going on");
  addTaskOptions(command).action(async (prompt: string, flags: ScheduleFlags) => {
    const now = cli.clock.now();
    const recurring = flags.every && given({
      interval: flags.every,
      end_time: flags.until && pointOfTime(flags.until, now, "until"),
      max_runs: flags.maxRuns,
      timezone: flags.timezone,
      allow_overlap: flags.overlap,
    }) as RecurringConfig;
    const scheduled_time = pointOfTime(flags.at, now, "at");
    const task = taskOf(await promptText(prompt), flags, flags.id ?? newId(cli), Deno.cwd());
    const client = await cli.asker(flags);
    const reply = await withFolder(cli, flags, task, (task) =>
      client.request("schedule_task", {
        task: { ...task, scheduled_time, ...given({ recurring: recurring || undefined }) },
      }));
    if (flags.json) return cli.terminal.json(reply, 2);
    cli.terminal.line(
      `task ${reply.task_id} scheduled for ${reply.next_run}${flags.every ? `, then ${flags.every}` : ""}`,
    );
  });
}

function addUnschedule(program: Command, cli: Cli): void {
  cli.command(program, "unschedule <task>", "take a scheduled task back; runs that have begun go on")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await (await cli.asker(flags)).request("unschedule_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} unscheduled`);
    });
}

function addList(program: Command, cli: Cli): void {
  cli.command(program, "schedules", "list scheduled tasks and when they run")
    .option("--upcoming <count>", "so many next runs of each, 0 to 20", whole, 3)
    .action(async (flags: CommonFlags & { upcoming: number }) => {
      const reply = await (await cli.asker(flags)).request("list_schedules", { upcoming: flags.upcoming });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      const lines = table(reply.schedules, [
        { title: "ID", value: ({ id }) => id },
        { title: "EVERY", value: ({ recurring }) => recurring?.interval ?? "once" },
        { title: "RUNS", value: ({ runs }) => String(runs) },
        { title: "NEXT", value: ({ next_run }) => next_run ?? "-" },
        { title: "THEN", value: ({ upcoming }) => upcoming.slice(1).join(" ") || "-" },
        { title: "DESCRIPTION", value: ({ task }) => String(task.description ?? "") },
      ], terminal.isTerminal ? terminal.width : undefined);
      for (const line of lines) terminal.line(line);
      terminal.note(`${reply.schedules.length} schedules`);
    });
}
