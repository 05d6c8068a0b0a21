/** `run`: start a task and, with `--follow`, watch it to its end. */
import type { Command } from "commander";
import type { LogLevel } from "../../domain/log_entry.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Reply } from "../../protocol/messages.ts";
import type { Task } from "../../domain/task.ts";
import type { Cli } from "../cli.ts";
import { follow } from "../follow/follow.ts";
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
import { fromTemplate, TEMPLATE_OPTIONS, type TemplateFlags } from "../from_template.ts";
import { localWithOffset, localZone, zoneWarning } from "../local_time.ts";
import { levelOption } from "../options.ts";
import { pointInTime } from "../when.ts";
import { ownCommand } from "../own_command.ts";

function ofProject({ project }: Pick<Task, "project">): string {
  return project === undefined ? "" : `, project ${project}`;
}

interface RunFlags extends TaskFlags, Pick<TemplateFlags, "template" | "param"> {
  follow?: boolean;
  level: LogLevel;
  at?: string;
}

export function addRun(program: Command, cli: Cli): void {
  const command = cli.command(program, "run [prompt]", 'start a task; "-" reads the prompt from stdin');
  for (const option of TEMPLATE_OPTIONS) command.addOption(option);
  addTaskOptions(command)
    .option(
      "-f, --follow",
      "show progress and log until the task ends; exit 0 completed, 1 failed, 130 cancelled. Ctrl-C only stops " +
        "following (130); the task continues",
    )
    .option("--at <time>", "start it then: +30m, 09:00, tomorrow 09:00, or a date and time (local)")
    .addOption(levelOption("info", "with --follow: log entries of this level and above"))
    .action(async (argument: string | undefined, given: RunFlags) => {
      const { terminal } = cli;
      if (given.template !== undefined) {
        refuseOthers(command);
        return await runTemplate(cli, given, argument);
      }
      if (given.param !== undefined) return command.error("error: --param needs --template");
      const found = promptAmong(argument, given);
      if (found === undefined) return command.error(promptMissing(given, ", or --template"));
      const { prompt, flags } = found;
      const asked = taskOf(await promptText(prompt), flags, flags.id ?? newId(cli.clock), Deno.cwd());
      const here = { now_ms: cli.clock.now(), zone: localZone() };
      const at = flags.at === undefined ? undefined : pointInTime(flags.at, "at", here);
      const warning = at?.isLocal ? zoneWarning() : undefined;
      if (warning) terminal.note(warning);
      const scheduled_time = at?.time;
      const server = cli.http(flags);
      const task = await withAttachments(server, flags, asked);
      const reply = await withFolder(
        cli,
        flags,
        task,
        (task) => server.request("start_task", { task: { ...task, scheduled_time } }),
      );
      await tellStarted(cli, flags, reply, scheduled_time);
    });
}

/** What a template's task may be given besides its parameters. */
const WITH_TEMPLATE = ["template", "param", "id", "follow", "level", "url", "data", "key", "ca", "json"];

/** All else would be left out without a word. */
function refuseOthers(command: Command): void {
  const others = command.options
    .filter((option) => !WITH_TEMPLATE.includes(option.attributeName()))
    .filter((option) => command.getOptionValueSource(option.attributeName()) === "cli")
    .map(({ long }) => long);
  if (others.length === 0) return;
  command.error(
    `error: ${
      [...new Set(others)].join(", ")
    } cannot be given with --template: its task is as the configuration has it`,
  );
}

async function runTemplate(cli: Cli, flags: RunFlags, prompt: string | undefined): Promise<void> {
  if (prompt !== undefined) {
    throw new ApiError(
      "CONFIGURATION_ERROR",
      "A template has its own prompt: give parameters with -p NAME=VALUE",
      {
        field: "template",
        value: flags.template,
      },
    );
  }
  await tellStarted(cli, flags, await fromTemplate(cli.http(flags), flags));
}

async function tellStarted(
  cli: Cli,
  flags: RunFlags,
  reply: Pick<Reply<"start_task">, "task_id" | "task">,
  scheduled_time?: string,
): Promise<void> {
  const { terminal } = cli;
  const { task_id } = reply;
  if (flags.json) terminal.json(reply, flags.follow ? undefined : 2);
  else if (scheduled_time) terminal.line(`task ${task_id} starts at ${localWithOffset(scheduled_time)}`);
  else {
    const status = flags.follow ? "started" : reply.task.status;
    terminal.line(`task ${task_id} ${status}${ofProject(reply.task)}`);
  }
  if (flags.follow) {
    cli.exit = await follow(cli, flags, { task_id, level: flags.level });
  } else if (!flags.json) {
    terminal.note(`follow it with: ${ownCommand(`follow ${task_id}`, flags)}`);
  }
}
