/** What earlier attempts of a task have done, as its record and its log know it. Its next agent is told. */
import { epochOf } from "../../clock/clock.ts";
import type { Attempt } from "../../domain/attempt/stored_attempt.ts";
import type { FileDiff } from "../../domain/file_diff.ts";
import type { LogEntry } from "../../domain/log_entry.ts";
import type { EarlierWork } from "../../domain/run_request.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { Store } from "../../store/open.ts";
import { lastTurn } from "../turns_of.ts";

/** How many of the last entries of the task's log are read. */
const ENTRIES = 200;
const MOST_STEPS = 20;
const MOST_FILES = 50;
/** The kinds of tool calls that change the files that they name. */
const CHANGING = new Set<unknown>(["edit", "delete", "move"]);

/** Undefined if no attempt came before, or if the task begins anew. */
export async function earlierWork(
  store: Pick<Store, "logs" | "outputs" | "messages">,
  task: TaskRecord,
): Promise<EarlierWork | undefined> {
  const { logs } = store;
  const { id, state } = task;
  const { attempt, attempts, fresh_from = 1, progress_details, earlier_plan = [] } = state;
  const before = attempts.filter((one) => one.attempt >= fresh_from && one.attempt < attempt);
  const [first] = before;
  const last = before.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const entries = await lastEntries(logs, id, first);
  const answer = (await lastTurn(store, task, first.attempt))?.output;
  return {
    stopped: state.late_answers ? "a person was long in answering you" : whyStopped(last),
    answer: answer || entries.find(isSaid)?.message,
    plan: progress_details?.steps ?? earlier_plan,
    ...doneIn(entries),
  };
}

async function lastEntries(
  logs: Pick<Store, "logs">["logs"],
  id: string,
  { started_at }: Pick<Attempt, "started_at">,
): Promise<LogEntry[]> {
  const asked = { agents: [id], start_ms: epochOf(started_at), order: "desc", limit: ENTRIES } as const;
  return (await logs.query(asked)).entries;
}

/** The files that a task's agent has reported to have changed, as far as the end of its log has them. */
export async function reportedFiles(
  { logs }: Pick<Store, "logs">,
  { id, state: { attempts } }: TaskRecord,
): Promise<readonly string[]> {
  const [first] = attempts;
  return first === undefined ? [] : doneIn(await lastEntries(logs, id, first)).files;
}

/** Why the attempt ended, as its agent may be told. Undefined if its last turn was completed. */
function whyStopped({ outcome, failure, error }: Attempt): string | undefined {
  switch (outcome) {
    case "completed":
      return undefined;
    case "interrupted":
      return "the server that runs you was ended";
    case "cancelled":
      return "a person cancelled it, and now wants it done after all";
    case "timeout":
      return "it took longer than the task's timeout";
    case "unresponsive":
      return "you gave no sign of life for too long";
    default:
      return failure?.message ?? error ?? "the reason is not known";
  }
}

function isSaid({ source, level }: LogEntry): boolean {
  return source === "agent" && level === "info";
}

/** The steps, oldest first, and the files that they changed. `entries`: the newest first. */
function doneIn(entries: readonly LogEntry[]): Pick<EarlierWork, "steps" | "files"> {
  const ended = new Set<unknown>();
  const steps: string[] = [];
  const files = new Set<string>();
  for (const { source, message, details } of entries) {
    if (source !== "tool") continue;
    const { tool_call_id, status, kind, locations, diffs } = details;
    const isOver = status === "completed" || status === "failed";
    if (!isOver && ended.has(tool_call_id)) continue;
    ended.add(tool_call_id);
    if (steps.length < MOST_STEPS) steps.unshift(isOver ? message : `${message}: not finished`);
    if (status !== "completed") continue;
    const paths = (diffs as FileDiff[] | undefined)?.map(({ path }) => path) ??
      (CHANGING.has(kind) ? locations as string[] | undefined : undefined) ?? [];
    for (const path of paths) if (files.size < MOST_FILES) files.add(path);
  }
  return { steps, files: [...files] };
}
