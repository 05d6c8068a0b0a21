/** The task that a prompt and options make, for `run` and `schedule`. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { ApiError } from "../domain/errors.ts";
import type { RequestInput } from "../protocol/messages.ts";
import { Priority, TaskType } from "../domain/task.ts";
import type { Cli, CommonFlags } from "./cli.ts";
import { whole } from "./whole_number.ts";

export interface TaskFlags extends CommonFlags {
  agent?: string;
  cwd?: string;
  id?: string;
  type: TaskType;
  priority: Priority;
  timeout?: number;
  model?: string;
  permissions?: "ask" | "allow" | "deny";
  isolation?: "none" | "worktree";
  dependsOn?: string[];
}

export type NewTask = RequestInput<"start_task">["task"];

const DESCRIPTION_MAX = 1000;

export function addTaskOptions(command: Command): Command {
  return command
    .option("--agent <name>", "the agent to run it, as named in the server's configuration")
    .option(
      "--cwd <dir>",
      "the folder to work in, inside the server's tasks.allowed_dirs (default: this one, if it is, else the server's)",
    )
    .option("--id <id>", "the task's id (default: a new one)")
    .addOption(new Option("--type <type>").choices(TaskType.options).default("feature"))
    .addOption(new Option("--priority <priority>").choices(Priority.options).default("medium"))
    .option("--timeout <ms>", "end it after so many milliseconds", whole)
    .option("--model <model>", "the model the agent is to use")
    .addOption(
      new Option("--permissions <policy>", "what becomes of the agent's permission requests")
        .choices(["ask", "allow", "deny"]),
    )
    .addOption(
      new Option("--isolation <how>", "worktree: in a git worktree of its own").choices(["none", "worktree"]),
    )
    .option("--depends-on <id...>", "run only after these tasks have completed");
}

/** The prompt itself, or stdin for `-`. */
export async function promptText(prompt: string): Promise<string> {
  const text = prompt === "-" ? await new Response(Deno.stdin.readable).text() : prompt;
  if (text.trim() === "") throw new ApiError("INVALID_TASK_DATA", "The prompt is empty", { field: "prompt" });
  return text;
}

/** A prompt too long for a description, or of many lines, goes in full. `cwd`: the caller's folder. */
export function taskOf(prompt: string, flags: TaskFlags, id: string, cwd: string): NewTask {
  const line = prompt.replace(/\s+/g, " ").trim();
  const description = [...line].slice(0, DESCRIPTION_MAX).join("");
  return {
    id,
    type: flags.type,
    priority: flags.priority,
    description,
    ...given({ timeout: flags.timeout, dependencies: flags.dependsOn }),
    execution: given({
      agent: flags.agent,
      prompt: description === prompt.trim() ? undefined : prompt,
      working_dir: resolve(cwd, flags.cwd ?? "."),
      model: flags.model,
      permissions: flags.permissions,
      isolation: flags.isolation,
    }),
  };
}

/** `run_` and the time, so that ids sort by it, and a few random letters. */
export function newId({ clock }: Cli): string {
  const chance = Math.floor(clock.random() * 36 ** 4).toString(36).padStart(4, "0");
  return `run_${clock.now().toString(36)}_${chance}`;
}

/** Asks with the task; once more in the server's own folder when it refuses one that nobody named. */
export async function withFolder<T>(
  { terminal }: Cli,
  flags: TaskFlags,
  task: NewTask,
  ask: (task: NewTask) => Promise<T>,
): Promise<T> {
  try {
    return await ask(task);
  } catch (error) {
    const isFolderRefused = error instanceof ApiError &&
      error.details.field === "task.execution.working_dir";
    if (!isFolderRefused || flags.cwd !== undefined) throw error;
    const { working_dir, ...execution } = task.execution!;
    terminal.note(
      `the server does not allow ${working_dir}, so the task works in the server's own folder (--cwd names another)`,
    );
    return await ask({ ...task, execution });
  }
}

/** Without what was not given. */
export function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
