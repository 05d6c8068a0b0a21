/** The task that a prompt and options describe, for `run` and `schedule`. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { HttpClient } from "../client/http.ts";
import { ApiError } from "../domain/errors.ts";
import { describedBy } from "../domain/description.ts";
import type { RequestInput } from "../protocol/messages.ts";
import { TaskId } from "../domain/scalars.ts";
import { After, Inherit, Isolation, PermissionPolicy, Priority, TaskType } from "../domain/task.ts";
import type { Check } from "../domain/check.ts";
import type { McpServer } from "../domain/mcp_server.ts";
import type { Clock } from "../clock/clock.ts";
import { attached, oneMorePath } from "./attached.ts";
import type { Cli, CommonFlags } from "./cli.ts";
import { oneMoreCheck } from "./check_option.ts";
import { mcpServer } from "./mcp_option.ts";
import { number, path, wholeNumber } from "./options.ts";

export interface TaskFlags extends CommonFlags {
  agent?: string;
  cwd?: string;
  project?: string;
  id?: string;
  type: TaskType;
  priority: Priority;
  timeout?: number;
  model?: string;
  maxCost?: number;
  maxTokens?: number;
  effort?: string;
  mode?: string;
  permissions?: PermissionPolicy;
  isolation?: Isolation;
  after?: After;
  inherit?: Inherit;
  base?: string;
  waitBackground?: number;
  dependsOn?: string[];
  attach?: string[];
  mcp?: McpServer[];
  check?: Check[];
  checkRounds?: number;
  session?: string;
  delegate?: boolean;
}

type NewTask = RequestInput<"start_task">["task"];

export function addTaskOptions(command: Command): Command {
  return command
    .option("--agent <name>", "the agent to run it, as named in the server's configuration")
    .option(
      "--cwd <dir>",
      "the folder to work in, inside the server's tasks.allowed_dirs (default: the current folder if allowed, else the server's)",
      path,
    )
    .option(
      "--project <name>",
      "the project to work in, instead of that of the current folder; the folder is then the project's unless --cwd names one",
    )
    .option("--id <id>", "the task's id (default: a new one)")
    .addOption(new Option("--type <type>").choices(TaskType.options).default("feature"))
    .addOption(new Option("--priority <priority>").choices(Priority.options).default("medium"))
    .option("--timeout <ms>", "end the task after this many milliseconds", wholeNumber)
    .option("--model <model>", "the model for the agent to use; `agents NAME` lists them")
    .option("--max-cost <usd>", "pause it when it has cost so much", number)
    .option("--max-tokens <n>", "pause it when it has used so many tokens", wholeNumber)
    .option("--effort <effort>", "how much the model thinks, as the agent offers it for the model")
    .option("--mode <mode>", "the agent's session mode, such as plan")
    .addOption(
      new Option(
        "--permissions <policy>",
        "the agent's permission requests: ask a person, allow all in its folder, or deny",
      )
        .choices(PermissionPolicy.options),
    )
    .addOption(
      new Option("--isolation <how>", "worktree: work in a separate git worktree").choices(Isolation.options),
    )
    .addOption(
      new Option("-w, --worktree", "the same as --isolation worktree").implies({ isolation: "worktree" }),
    )
    .option("--base <name>", "the branch, tag or commit from which that worktree starts")
    .option(
      "--session <id>",
      "go on with this session of the agent, in its folder; `sessions AGENT` lists them",
    )
    .option("--delegate", "let the agent start tasks for other agents")
    .option("--no-delegate", "do not let it, whatever the server's configuration says")
    .option("--mcp <server>", "an MCP server for the agent, as NAME=URL or JSON; may be repeated", mcpServer)
    .option(
      "--check <check>",
      "run this before the task is completed: the name of a configured check, or a command such as 'npm test' (no shell); " +
        "may be repeated; '' for none",
      oneMoreCheck,
    )
    .option("--check-rounds <n>", "how often failed checks go back to the agent", wholeNumber)
    .option(
      "--wait-background <ms>",
      "wait so long for what the agent leaves running before ending it",
      wholeNumber,
    )
    .option("--depends-on <id...>", "run only after these tasks have completed")
    .addOption(
      new Option("--after <state>", "accepted: wait also until the changes of those tasks have been accepted")
        .choices(After.options),
    )
    .addOption(
      new Option(
        "--inherit <what>",
        "what it takes over from them: changes (its worktree starts from theirs), results (it is only told), or none",
      ).choices(Inherit.options),
    )
    .option(
      "--attach <file>",
      "give the agent this file, such as an image; may be repeated",
      oneMorePath,
    );
}

/**
 * The prompt, and the other flags. `--depends-on` takes all words that follow it, also a prompt, which is no id. Undefined if
 * there is none.
 */
export function promptAmong<Flags extends Pick<TaskFlags, "dependsOn">>(
  prompt: string | undefined,
  flags: Flags,
): { prompt: string; flags: Flags } | undefined {
  if (prompt !== undefined) return { prompt, flags };
  const { dependsOn = [] } = flags;
  const last = dependsOn.at(-1);
  if (dependsOn.length < 2 || last === undefined || TaskId.safeParse(last).success) return undefined;
  return { prompt: last, flags: { ...flags, dependsOn: dependsOn.slice(0, -1) } };
}

/** What a command says that was given no prompt. */
export function promptMissing({ dependsOn }: Pick<TaskFlags, "dependsOn">, others = ""): string {
  const where = dependsOn === undefined
    ? ""
    : ": write it before --depends-on, which takes all words that follow";
  return `error: missing required argument 'prompt'${others}${where}`;
}

/** The prompt itself, or stdin for `-`. */
export async function promptText(prompt: string): Promise<string> {
  const text = prompt === "-" ? await new Response(Deno.stdin.readable).text() : prompt;
  if (text.trim() === "") throw new ApiError("INVALID_TASK_DATA", "The prompt is empty", { field: "prompt" });
  return text;
}

/**
 * The description is the prompt on one line. A prompt that does not fit there is also sent in full. `cwd`: the
 * caller's folder.
 */
export function taskOf(prompt: string, flags: TaskFlags, id: string, cwd: string): NewTask {
  const described = describedBy(prompt);
  return {
    id,
    type: flags.type,
    priority: flags.priority,
    description: described.description,
    timeout: flags.timeout,
    dependencies: flags.dependsOn,
    metadata: flags.project === undefined ? undefined : { project: flags.project },
    execution: {
      agent: flags.agent,
      prompt: described.prompt,
      // A task in a project's folder belongs to it.
      working_dir: flags.cwd === undefined && flags.project !== undefined
        ? undefined
        : resolve(cwd, flags.cwd ?? "."),
      model: flags.model,
      max_cost_usd: flags.maxCost,
      max_tokens: flags.maxTokens,
      effort: flags.effort,
      mode: flags.mode,
      permissions: flags.permissions,
      isolation: flags.isolation,
      base: flags.base,
      after: flags.after,
      inherit: flags.inherit,
      mcp_servers: flags.mcp,
      checks: flags.check,
      check_rounds: flags.checkRounds,
      session: flags.session,
      delegate: flags.delegate,
      wait_for_background_ms: flags.waitBackground,
    },
  };
}

/** Sends the files that the flags name, and returns the task with them. */
export async function withAttachments(server: HttpClient, flags: TaskFlags, task: NewTask): Promise<NewTask> {
  const attachments = await attached(server, flags.attach);
  return attachments === undefined ? task : { ...task, execution: { ...task.execution, attachments } };
}

/** `run_`, the time, so that ids sort by age, and a few random letters. */
export function newId(clock: Clock): string {
  const chance = Math.floor(clock.random() * 36 ** 4).toString(36).padStart(4, "0");
  return `run_${clock.now().toString(36)}_${chance}`;
}

/** Sends the task. If the server refuses a folder that the user did not name, sends it again without one. */
export async function withFolder<T>(
  { terminal }: Cli,
  flags: TaskFlags,
  task: NewTask,
  send: (task: NewTask) => Promise<T>,
): Promise<T> {
  try {
    return await send(task);
  } catch (error) {
    const isFolderRefused = error instanceof ApiError &&
      error.details.field === "task.execution.working_dir";
    // A session goes on in its own folder only.
    if (!isFolderRefused || flags.cwd !== undefined || flags.session !== undefined) throw error;
    const { working_dir, ...execution } = task.execution!;
    terminal.note(
      `the server does not allow ${working_dir}, so the task works in the server's own folder (--cwd names another)`,
    );
    return await send({ ...task, execution });
  }
}
