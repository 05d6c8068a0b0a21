/** `edit`: changes a task before its first attempt. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { ApiError } from "../../domain/errors.ts";
import { describedBy } from "../../domain/description.ts";
import { given } from "../../domain/given_fields.ts";
import { After, Inherit, Isolation, PermissionPolicy, Priority, type Task } from "../../domain/task.ts";
import type { RequestInput } from "../../protocol/messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { localWithOffset, localZone } from "../local_time.ts";
import { promptText } from "../new_task.ts";
import { path, wholeNumber } from "../options.ts";
import { pointInTime } from "../when.ts";

interface EditFlags extends CommonFlags {
  prompt?: string;
  priority?: Priority;
  timeout?: number;
  dependsOn?: string[] | false;
  at?: string;
  agent?: string;
  model?: string;
  effort?: string;
  mode?: string;
  permissions?: PermissionPolicy;
  isolation?: Isolation;
  after?: After;
  inherit?: Inherit;
  cwd?: string;
  project?: string;
  owner?: string;
  tag?: string[];
}

type Changes = RequestInput<"update_task">["changes"];

export function addEdit(program: Command, cli: Cli): void {
  cli.command(program, "edit <task>", "change a task before its first attempt; what is not named stays")
    .option("--prompt <prompt>", 'what the agent is asked; "-" reads it from stdin')
    .addOption(new Option("--priority <priority>").choices(Priority.options))
    .option("--timeout <ms>", "end each turn after this many milliseconds", wholeNumber)
    .option("--depends-on <id...>", "run only after these tasks have completed, instead of those before")
    .option("--no-depends-on", "wait for no other task")
    .addOption(new Option("--after <state>", "when those count as done").choices(After.options))
    .addOption(new Option("--inherit <what>", "what it takes over from those").choices(Inherit.options))
    .option("--at <time>", "start it then: +30m, 09:00, tomorrow 09:00, or a date and time (local)")
    .option("--agent <name>", "the agent to run it")
    .option("--model <model>", "the model for the agent to use")
    .option("--effort <effort>", "how much the model thinks")
    .option("--mode <mode>", "the agent's session mode")
    .addOption(new Option("--permissions <policy>").choices(PermissionPolicy.options))
    .addOption(new Option("--isolation <how>").choices(Isolation.options))
    .option("--cwd <dir>", "the folder to work in", path)
    .option("--project <name>", "the project that it belongs to")
    .option("--owner <name>", "whose task it is")
    .option("--tag <tag...>", "its tags, instead of those before")
    .action(async (task_id: string, flags: EditFlags) => {
      const server = cli.http(flags);
      const { task } = await server.request("get_task_status", { task_id });
      const changes = changesOf(
        task,
        flags,
        flags.prompt === undefined ? undefined : await promptText(flags.prompt),
      );
      if (flags.at !== undefined) {
        const here = { now_ms: cli.clock.now(), zone: localZone() };
        changes.scheduled_time = pointInTime(flags.at, "at", here).time;
      }
      if (Object.keys(changes).length === 0) {
        throw new ApiError("MISSING_REQUIRED_FIELD", "Nothing to change is named; see edit --help", {
          field: "changes",
        });
      }
      const reply = await server.request("update_task", { task_id, changes });
      if (flags.json) return cli.terminal.json(reply, 2);
      const { scheduled_time } = changes;
      cli.terminal.line(
        `task ${task_id} changed: ${Object.keys(changes).join(", ")}` +
          (scheduled_time ? `; it starts at ${localWithOffset(scheduled_time)}` : ""),
      );
    });
}

/** The message replaces `execution` and `metadata` as a whole, so they hold what stays as well. */
function changesOf(task: Task, flags: EditFlags, prompt: string | undefined): Changes {
  const { agent, model, effort, mode, permissions, isolation, after, inherit, cwd, project, owner, tag } =
    flags;
  const described = prompt === undefined ? undefined : describedBy(prompt);
  const working_dir = cwd === undefined ? undefined : resolve(Deno.cwd(), cwd);
  const execution = given({
    agent,
    model,
    effort,
    mode,
    permissions,
    isolation,
    after,
    inherit,
    working_dir,
  });
  const metadata = given({ project, owner, tags: tag });
  const isExecutionNew = described !== undefined || Object.keys(execution).length > 0;
  const { prompt: old, ...rest } = task.execution ?? {};
  return given({
    description: described?.description,
    priority: flags.priority,
    timeout: flags.timeout,
    dependencies: flags.dependsOn === false ? [] : flags.dependsOn,
    execution: isExecutionNew
      ? given({ ...rest, ...execution, prompt: described ? described.prompt : old })
      : undefined,
    metadata: Object.keys(metadata).length > 0 ? { ...task.metadata, ...metadata } : undefined,
  });
}
