/** `schedules`: lists what runs later, and changes it. */
import { type Command, Option } from "commander";
import { describedBy } from "../../domain/description.ts";
import { ApiError } from "../../domain/errors.ts";
import { given } from "../../domain/given_fields.ts";
import { type Execution, Priority } from "../../domain/task.ts";
import { counted } from "../../protocol/formats.ts";
import { cronInWords } from "../../protocol/cron_words.ts";
import type { Schedule } from "../../protocol/schedule_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { localDateTime, localWithOffset } from "../local_time.ts";
import { promptText } from "../new_task.ts";
import { wholeNumber } from "../options.ts";
import { addRuleOptions, recurringOf, type RuleFlags, zoneOf } from "../rule_options.ts";
import { printTable } from "../table.ts";
import { pointInTime } from "../when.ts";

export function addSchedules(program: Command, cli: Cli): void {
  const schedules = cli.command(program, "schedules", "list scheduled tasks and when they run")
    .option("--upcoming <count>", "how many next runs to show for each, 0 to 20", wholeNumber, 3)
    .action(async (flags: CommonFlags & { upcoming: number }) => {
      const reply = await cli.http(flags).request("list_schedules", { upcoming: flags.upcoming });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      printTable(terminal, reply.schedules, [
        { title: "ID", value: ({ id }) => id },
        { title: "EVERY", value: rule },
        { title: "RUNS", value: ({ runs }) => String(runs) },
        { title: "NEXT", value: next },
        {
          title: "THEN",
          value: ({ upcoming }) => upcoming.slice(1).map((iso) => localDateTime(iso)).join(", ") || "-",
        },
        { title: "LEFT OUT", value: leftOut },
        { title: "DESCRIPTION", value: ({ task }) => String(task.description ?? "") },
      ]);
      terminal.note(counted(reply.schedules.length, "schedule"));
    });
  addEdit(schedules, cli);
  addPauses(schedules, cli);
  addRunNow(schedules, cli);
}

function rule({ recurring }: Schedule): string {
  if (!recurring) return "once";
  return recurring.cron === undefined ? recurring.interval : cronInWords(recurring.cron);
}

function next({ next_run, paused }: Schedule): string {
  if (paused) return paused.reason === "failures" ? "paused after failures" : "paused";
  return next_run === undefined ? "-" : localWithOffset(next_run);
}

/** The last time that made no run. */
function leftOut({ skipped }: Schedule): string {
  const last = skipped.at(-1);
  return last === undefined ? "-" : `${localDateTime(last.time)}: ${last.reason.replace("_", " ")}`;
}

interface EditFlags extends CommonFlags, RuleFlags {
  at?: string;
  description?: string;
  prompt?: string;
  priority?: Priority;
}

function addEdit(schedules: Command, cli: Cli): void {
  const command = cli.command(schedules, "edit <id>", "change later runs, or when they come; the rest stays")
    .option("--at <time>", "the first of the later runs; with --cron, the earliest moment of one")
    .option("--prompt <text>", 'what later runs are to do; "-" reads it from stdin')
    .option("--description <text>", "what lists show; what to do, if the schedule has no longer prompt")
    .addOption(new Option("--priority <priority>").choices(Priority.options));
  addRuleOptions(command).action(async (task_id: string, _: EditFlags, command: Command) => {
    // The options of `schedules` may stand before its subcommand.
    const flags = command.optsWithGlobals<EditFlags>();
    const server = cli.http(flags);
    const { schedules } = await server.request("list_schedules", { upcoming: 0 });
    const schedule = schedules.find(({ id }) => id === task_id);
    const before = schedule?.recurring;
    const here = { now_ms: cli.clock.now(), zone: zoneOf({ timezone: flags.timezone ?? before?.timezone }) };
    const at = flags.at === undefined ? undefined : pointInTime(flags.at, "at", here);
    const changes = given({
      task: taskChanges(flags, flags.prompt && await promptText(flags.prompt), schedule?.task.execution),
      recurring: changesRule(flags) ? recurringOf(flags, at, here, before) : undefined,
      scheduled_time: at?.time,
    });
    if (Object.keys(changes).length === 0) {
      throw new ApiError("MISSING_REQUIRED_FIELD", "Nothing to change is named; see schedules edit --help", {
        field: "task",
      });
    }
    const reply = await server.request("update_schedule", { task_id, ...changes });
    if (flags.json) return cli.terminal.json(reply, 2);
    cli.terminal.line(`schedule ${task_id} changed: next ${next(reply.schedule)}`);
  });
}

/** A prompt that fits is the description, as `schedule` has it. */
function taskChanges({ description, priority }: EditFlags, prompt: string | undefined, old: Execution = {}) {
  const described = prompt === undefined ? undefined : describedBy(prompt);
  const isExecutionNew = described !== undefined && described.prompt !== old.prompt;
  const changes = given({
    description: description ?? described?.description,
    priority,
    execution: isExecutionNew ? given({ ...old, prompt: described.prompt }) : undefined,
  });
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function changesRule(flags: RuleFlags): boolean {
  const { every, cron, until, maxRuns, timezone, overlap, pauseAfter } = flags;
  return [every, cron, until, maxRuns, timezone, overlap, pauseAfter].some((flag) => flag !== undefined);
}

function addPauses(schedules: Command, cli: Cli): void {
  for (
    const [verb, done, does] of [
      ["pause", "paused", "let its times pass without a run"],
      ["resume", "resumed", "let it run again"],
    ] as const
  ) {
    cli.command(schedules, `${verb} <id>`, does).action(
      async (task_id: string, _: CommonFlags, command: Command) => {
        const flags = command.optsWithGlobals<CommonFlags>();
        const reply = await cli.http(flags).request(`${verb}_schedule`, { task_id });
        if (flags.json) return cli.terminal.json(reply, 2);
        cli.terminal.line(`schedule ${task_id} ${done}`);
      },
    );
  }
}

function addRunNow(schedules: Command, cli: Cli): void {
  cli.command(schedules, "run-now <id>", "make a run now; the next one comes all the same")
    .action(async (task_id: string, _: CommonFlags, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags>();
      const reply = await cli.http(flags).request("run_schedule", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.run_id} started`);
    });
}
