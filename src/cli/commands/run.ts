/** `run`: one task, started and, if wanted, watched to its end. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { RequestInput } from "../../protocol/messages.ts";
import { Priority, TaskType } from "../../protocol/task.ts";
import { ApiError } from "../../protocol/errors.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { follow } from "../follow.ts";
import { whole } from "../whole_number.ts";
import { levelOption } from "./logs.ts";
import type { LogLevel } from "../../protocol/log.ts";

interface RunFlags extends CommonFlags {
  agent?: string;
  cwd?: string;
  follow?: boolean;
  id?: string;
  type: TaskType;
  priority: Priority;
  timeout?: number;
  model?: string;
  permissions?: "ask" | "allow" | "deny";
  dependsOn?: string[];
  level: LogLevel;
}

type NewTask = RequestInput<"start_task">["task"];

const DESCRIPTION_MAX = 1000;

export function addRun(program: Command, cli: Cli): void {
  cli.command(program, "run <prompt>", 'start a task; "-" reads the prompt from stdin')
    .option("--agent <name>", "the agent to run it, as named in the server's configuration")
    .option(
      "--cwd <dir>",
      "the folder to work in, inside the server's tasks.allowed_dirs (default: its tasks.working_dir)",
    )
    .option("-f, --follow", "show progress and log until it ends; exit 0 completed, 1 failed, 130 cancelled")
    .option("--id <id>", "the task's id (default: a new one)")
    .addOption(new Option("--type <type>").choices(TaskType.options).default("feature"))
    .addOption(new Option("--priority <priority>").choices(Priority.options).default("medium"))
    .option("--timeout <ms>", "end it after so many milliseconds", whole)
    .option("--model <model>", "the model the agent is to use")
    .addOption(
      new Option("--permissions <policy>", "what becomes of the agent's permission requests")
        .choices(["ask", "allow", "deny"]),
    )
    .option("--depends-on <id...>", "run only after these tasks have completed")
    .addOption(levelOption("info", "with --follow: log entries of this level and above"))
    .action(async (prompt: string, flags: RunFlags) => {
      const text = prompt === "-" ? await new Response(Deno.stdin.readable).text() : prompt;
      if (text.trim() === "") {
        throw new ApiError("INVALID_TASK_DATA", "The prompt is empty", { field: "prompt" });
      }
      const task = taskOf(text, flags, flags.id ?? newId(cli));
      cli.exit = flags.follow ? await startAndFollow(cli, task, flags) : await start(cli, task, flags);
    });
}

async function start(cli: Cli, task: NewTask, flags: RunFlags): Promise<number> {
  const client = await cli.asker(flags);
  const reply = await client.request("start_task", { task });
  if (flags.json) cli.terminal.json(reply, 2);
  else {
    cli.terminal.line(`task ${reply.task_id} ${reply.task.status}`);
    cli.terminal.note(`follow it with: opencode-agents logs ${reply.task_id} --follow`);
  }
  return 0;
}

async function startAndFollow(cli: Cli, task: NewTask, flags: RunFlags): Promise<number> {
  const client = await cli.listener(flags);
  try {
    return await follow(cli, client, {
      task_id: task.id,
      json: flags.json ?? false,
      level: flags.level,
      begin: async () => {
        await client.request("start_task", { task });
        if (!flags.json) cli.terminal.line(`task ${task.id} started`);
      },
    });
  } finally {
    client.close();
  }
}

/** The task that a prompt and flags make. A prompt too long for a description, or of many lines, goes in full. */
export function taskOf(prompt: string, flags: RunFlags, id: string): NewTask {
  const line = prompt.replace(/\s+/g, " ").trim();
  const description = [...line].slice(0, DESCRIPTION_MAX).join("");
  const execution = given({
    agent: flags.agent,
    prompt: description === prompt.trim() ? undefined : prompt,
    working_dir: flags.cwd === undefined ? undefined : resolve(flags.cwd),
    model: flags.model,
    permissions: flags.permissions,
  });
  return {
    id,
    type: flags.type,
    priority: flags.priority,
    description,
    ...given({ timeout: flags.timeout, dependencies: flags.dependsOn }),
    ...(Object.keys(execution).length > 0 ? { execution } : {}),
  };
}

/** `run_` and the time, so that ids sort by it, and a few random letters. */
function newId({ clock }: Cli): string {
  const chance = Math.floor(clock.random() * 36 ** 4).toString(36).padStart(4, "0");
  return `run_${clock.now().toString(36)}_${chance}`;
}

/** Without what was not given. */
function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
