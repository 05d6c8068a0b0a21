/** `schedule`, `unschedule`: tasks that run at a given time, once or repeatedly. */
import type { Command } from "commander";
import { cronInWords } from "../../protocol/cron_words.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import {
  addTaskOptions,
  newId,
  promptAmong,
  promptMissing,
  promptText,
  type TaskFlags,
  taskOf,
  withAttachments,
  withFolder,
} from "../new_task.ts";
import { localWithOffset, zoneWarning } from "../local_time.ts";
import { addRuleOptions, recurringOf, type RuleFlags, zoneOf } from "../rule_options.ts";
import { pointInTime } from "../when.ts";

/** From when on the times of `--cron` count, if nothing else is said: as soon as the server allows. */
const SOONEST = "+1m";

interface ScheduleFlags extends TaskFlags, RuleFlags {
  at?: string;
}

export function addSchedule(program: Command, cli: Cli): void {
  addCreate(program, cli);
  addUnschedule(program, cli);
}

function addCreate(program: Command, cli: Cli): void {
  const does = 'run a task later; "-" reads the prompt from stdin';
  const command = cli.command(program, "schedule [prompt]", does)
    .option(
      "--at <time>",
      "+30m, 09:00, tomorrow 09:00, friday 18:00, or a date and time, local unless it names its offset (not needed with --cron)",
    );
  addTaskOptions(addRuleOptions(command)).action(
    async (argument: string | undefined, given: ScheduleFlags) => {
      const found = promptAmong(argument, given);
      if (found === undefined) return command.error(promptMissing(given));
      const { prompt, flags } = found;
      const here = { now_ms: cli.clock.now(), zone: zoneOf(flags) };
      if (flags.at === undefined && flags.cron === undefined) {
        return command.error("error: required option '--at <time>' not specified, or --cron");
      }
      const at = pointInTime(flags.at ?? SOONEST, "at", here);
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
      const { recurring } = reply;
      const rule = recurring?.cron === undefined ? recurring?.interval : cronInWords(recurring.cron);
      cli.terminal.line(
        `task ${reply.task_id} scheduled for ${localWithOffset(reply.next_run)}` +
          (rule === undefined ? "" : `, then ${rule} in the time of ${recurring?.timezone ?? "UTC"}`),
      );
    },
  );
}

function addUnschedule(program: Command, cli: Cli): void {
  cli.command(program, "unschedule <task>", "remove a schedule; runs that have started continue")
    .action(async (task_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("unschedule_task", { task_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`task ${reply.task_id} unscheduled`);
    });
}
