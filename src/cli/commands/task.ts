/** `task`: everything about one task. */
import type { Command } from "commander";
import type { Reply } from "../../protocol/messages.ts";
import { conversation } from "../../client/conversation.ts";
import type { ConversationMessage } from "../../protocol/conversation_messages.ts";
import { costText, count, counted, duration } from "../../protocol/formats.ts";
import { messageLines } from "../conversation_text.ts";
import { leftWords } from "../../protocol/left_words.ts";
import { pullRequestWords } from "../pull_request_words.ts";
import { cronInWords } from "../../protocol/cron_words.ts";
import { waitingReason, waitingWords } from "../../protocol/waiting_words.ts";
import { isPassing } from "../../domain/retrying.ts";
import type { Task } from "../../domain/task.ts";
import { isJudged } from "../../domain/task_values.ts";
import { asksOfTask, NEED_NAMES } from "../asks.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { localDateTime, localWithOffset } from "../local_time.ts";
import { ownCommand } from "../own_command.ts";
import { sizeInWords } from "../review_text.ts";
import { tableLines } from "../table.ts";
import { projectName } from "../../domain/project_name.ts";
import { statusInWords, statusStyle, steps } from "../task_text.ts";
import { clean, oneLine } from "../text.ts";

type Result = Reply<"get_task_result">["result"];

export function addTask(program: Command, cli: Cli): void {
  cli.command(program, "task <task>", "show a task: its state, attempts and result")
    .action(async (task_id: string, flags: CommonFlags) => {
      const server = cli.http(flags);
      const { task } = await server.request("get_task_status", { task_id });
      if (task.recurring !== undefined) return showSchedule(cli, flags, task);
      const { result } = await server.request("get_task_result", { task_id });
      if (flags.json) return cli.terminal.json({ task, result }, 2);
      const said = hasTalked(task, result) ? await Array.fromAsync(conversation(server, task_id)) : [];
      for (const line of describe(cli, task, result, said)) cli.terminal.line(line);
    });
}

/** A schedule answers in the shape of a task. */
function showSchedule({ terminal }: Cli, flags: CommonFlags, task: Task): void {
  if (flags.json) return terminal.json({ task }, 2);
  const { id, recurring, next_run } = task;
  const rule = recurring?.cron === undefined ? recurring?.interval : cronInWords(recurring.cron);
  const rows: [string, string | undefined][] = [
    ["status", task.status === "paused" ? "paused: its times pass without a run" : "waits for its next run"],
    ["repeats", `${rule}, in the time of ${recurring?.timezone ?? "UTC"}`],
    ["next run", next_run && localWithOffset(next_run)],
    ["project", projectName(task)],
  ];
  terminal.line(`${terminal.paint(id, "bold")}  ${oneLine(task.description)}`);
  for (const [name, value] of rows) if (value) terminal.line(`  ${name.padEnd(14)}${value}`);
  terminal.note(
    `it is a schedule: ${ownCommand("schedules", flags)} lists it, and edits, pauses and runs it`,
  );
}

/** Whether more was said than the prompt and an answer to it. */
function hasTalked({ queued_messages = 0 }: Task, { turns }: Result): boolean {
  return queued_messages > 0 || turns.length > 1;
}

function describe(
  { terminal, clock }: Cli,
  task: Task,
  result: Result,
  said: readonly ConversationMessage[],
): string[] {
  const details = task.progress_details;
  const progress = [`${task.progress} %`, steps(task), oneLine(details?.current_step ?? "")];
  const { execution } = task;
  const rows: [string, string | undefined][] = [
    // What it waits for has a line of its own.
    [
      "status",
      terminal.paint(
        statusInWords({ ...task, waiting_for: undefined }, clock.now()),
        statusStyle(task.status),
        "bold",
      ),
    ],
    ["progress", progress.filter(Boolean).join("  ")],
    ["type", `${task.type}, ${task.priority} priority`],
    ["project", projectName(task)],
    ["repository", task.workspace?.repository],
    ["archived", task.archived ? "yes" : undefined],
    ["agent", execution?.agent ?? result.attempts.at(-1)?.agent],
    ["working dir", execution?.working_dir],
    ["model", execution?.model],
    ["effort", execution?.effort],
    ["mode", execution?.mode],
    ["attached", task.attached_files?.map(({ name }) => name).join(", ")],
    ["MCP servers", execution?.mcp_servers?.map(({ name }) => name).join(", ")],
    ["delegates", execution?.delegate === undefined ? undefined : execution.delegate ? "yes" : "no"],
    ["parent", parentOf(task)],
    ["turn", (task.turn ?? 1) > 1 ? String(task.turn) : undefined],
    ["waiting", task.queued_messages ? `${counted(task.queued_messages, "message")}` : undefined],
    ["branch", task.workspace?.branch],
    ["works in", task.workspace?.kind === "worktree" ? task.workspace.path : undefined],
    ["changes", changesInWords(task)],
    ["usage", usageInWords(task)],
    [
      "by others",
      task.delegated_usage && usageInWords({ ...task, usage: task.delegated_usage, execution: {} }),
    ],
    ["pull request", task.pull_request && pullRequestWords(task.pull_request)],
    ["session", task.agent_session?.session_id],
    ["go on by hand", goOnByHand(task)],
    ["depends on", task.dependencies?.join(", ")],
    ["stale", task.stale ? "what it depends on has gone on or was discarded since it began" : undefined],
    ["created", localWithOffset(task.created_at)],
    ["scheduled", task.scheduled_time && localWithOffset(task.scheduled_time)],
    ["started", task.started_at && localWithOffset(task.started_at)],
    ["ended", task.completed_at && localWithOffset(task.completed_at)],
    ["now", task.runtime_status],
    ["waits for", task.waiting_for && waitingWords(task.waiting_for, localWithOffset)],
    ["because", oneLine(waitingReason(task.waiting_for) ?? "")],
    ...warningRows(terminal, result),
    ...(result.checks ?? []).map((check): [string, string] => [
      "check",
      `${check.ok ? "passed" : terminal.paint("failed", "red")}  ${oneLine(check.command)}  (${
        duration(check.duration_ms)
      })`,
    ]),
    ["left running", result.left_running && oneLine(leftWords(result.left_running))],
    ["failure", task.failure?.kind],
    ["error", task.error && terminal.paint(oneLine(task.error), "red")],
  ];
  return [
    `${terminal.paint(task.id, "bold")}  ${oneLine(task.description)}`,
    ...rows.filter(([, value]) => value).map(([name, value]) => `  ${name.padEnd(14)}${value}`),
    ...asksOfTask(task).map(({ kind, what, command }) =>
      terminal.paint(
        `  ${"needs you".padEnd(14)}${NEED_NAMES[kind]}: ${oneLine(what)}  (${ownCommand(command)})`,
        "yellow",
      )
    ),
    ...(task.pull_request?.feedback ?? []).map(({ kind, title, text }) =>
      terminal.paint(`  ${"feedback".padEnd(14)}${kind} ${oneLine(title)}: ${oneLine(text)}`, "yellow")
    ),
    ...attempts(result),
    ...(said.length === 0 ? [] : ["", "conversation", ...said.flatMap((one) => messageLines(one, terminal))]),
    ...(result.output === "" || said.length > 0
      ? []
      : ["", "result", clean(result.output).trimEnd().replace(/^/gm, "  ")]),
  ];
}

function warningRows(terminal: Cli["terminal"], { warnings = [] }: Result): [string, string][] {
  return warnings.map((warning) => ["warning", terminal.paint(oneLine(warning), "yellow")]);
}

/** `$0.42, 12,345 tokens in 2 turns, of $2.00`. Agents that tell nothing have not used nothing. */
function usageInWords({ usage, execution = {} }: Task): string | undefined {
  const { max_cost_usd, max_tokens } = execution;
  const bounds = [
    max_cost_usd !== undefined && `of ${costText({ cost_usd: max_cost_usd, cost_source: "reported" })}`,
    max_tokens !== undefined && `of ${count(max_tokens)} tokens`,
  ];
  if (usage === undefined) return undefined;
  const tokens = usage.input_tokens + usage.output_tokens + usage.cached_tokens;
  const cost = usage.cost_source === "unknown" ? undefined : costText(usage);
  const isTold = tokens > 0 || cost !== undefined;
  if (!isTold && !bounds.some(Boolean)) return undefined;
  const turns = counted(usage.turns, "turn");
  const used = isTold ? `${counted(tokens, "token")} in ${turns}` : `not told by its agent in ${turns}`;
  return [cost, used, ...bounds].filter(Boolean).join(", ");
}

/** `3 files +12 −4, 2 commits: to review`. */
function changesInWords({ changes, review = "none", discarded, accepted }: Task): string | undefined {
  if (changes === undefined || (changes.files === 0 && review === "none")) return undefined;
  const size = `${sizeInWords(changes)}, ${counted(changes.commits, "commit")}`;
  const where = accepted ? ` into ${accepted.into}` : discarded ? `, kept as ${discarded.kept_as}` : "";
  return review === "none" ? size : `${size}: ${review.replaceAll("_", " ")}${where}`;
}

/** The task whose agent has started it. */
function parentOf({ created_by }: Task): string | undefined {
  return created_by?.kind === "agent" ? created_by.id : undefined;
}

/** The command by which the user goes on with the session, which no other program may have open then. */
function goOnByHand({ agent_session, review }: Task): string | undefined {
  // Its worktree has gone with the work.
  if (agent_session?.command === undefined || isJudged(review)) {
    return undefined;
  }
  return `${agent_session.command}  (in ${agent_session.working_dir})`;
}

/** `failed`, with what passes by itself instead: a refused task has not failed. */
function outcomeInWords({ outcome, failure }: Result["attempts"][number]): string {
  return outcome === "failed" && isPassing(failure?.kind)
    ? failure!.kind.replaceAll("_", " ")
    : outcome ?? "";
}

function attempts({ attempts }: Result): string[] {
  if (attempts.length === 0) return [];
  const lines = tableLines(attempts, [
    { title: "ATTEMPT", value: ({ attempt }) => String(attempt) },
    { title: "AGENT", value: ({ agent }) => agent },
    { title: "STARTED", value: ({ started_at }) => localDateTime(started_at) },
    { title: "ENDED", value: ({ ended_at }) => localDateTime(ended_at ?? "") },
    { title: "OUTCOME", value: outcomeInWords },
    {
      title: "WHY",
      value: ({ error, stop_reason, exit_code }) =>
        error ?? stop_reason ?? (exit_code === undefined ? "" : `exit ${exit_code}`),
    },
  ]);
  return ["", ...lines.map((line) => `  ${line}`)];
}
