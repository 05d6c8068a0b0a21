/** A task as one conversation: what was said, the tools between, and where turns end. Pure. */
import { epochOf } from "../../../clock/clock.ts";
import type { Attachment } from "../../../domain/attachment.ts";
import type { CheckResult } from "../../../domain/check.ts";
import type { LogEntry } from "../../../domain/log_entry.ts";
import { costText } from "../../../protocol/formats.ts";
import type { ConversationMessage } from "../../../protocol/conversation_messages.ts";
import type { TaskResult } from "../../../protocol/task_messages.ts";
import type { ToolCall } from "./tool_calls.ts";

type Turn = TaskResult["turns"][number];
export type AttemptView = TaskResult["attempts"][number];

export interface Said {
  kind: "said";
  key: string;
  role: "user" | "agent";
  source: ConversationMessage["source"];
  /** Who sent it, unless it was the server's owner. */
  by?: string;
  at: string;
  text: string;
  attached: readonly Attachment[];
}

/** Tool calls that follow each other without a word between them. */
interface Tools {
  kind: "tools";
  key: string;
  calls: ToolCall[];
}

interface TurnEnd {
  kind: "turn";
  key: string;
  turn: number;
  took_ms: number;
  /** What the turn has cost, as far as that is known. */
  cost: string | undefined;
}

/** Why an attempt did not end well. */
interface Trouble {
  kind: "trouble";
  key: string;
  attempt: number;
  at: string;
  text: string;
}

interface Checked {
  kind: "checks";
  key: string;
  checks: readonly CheckResult[];
}

export type Entry = Said | Tools | Checked | TurnEnd | Trouble;

export interface TimelineSources {
  /** Those that wait or were withdrawn are left out. */
  messages: readonly ConversationMessage[];
  /** What the agent has said, from the task's log. */
  notes: readonly LogEntry[];
  calls: readonly ToolCall[];
  /** The turns that have ended. */
  turns: readonly Turn[];
  attempts: readonly AttemptView[];
}

/** The timeline, the oldest first. */
export function timelineOf({ messages, notes, calls, turns, attempts }: TimelineSources): Entry[] {
  const delivered = messages.filter(({ state }) => state === "delivered");
  // The last segment is the turn under way.
  const segments = turns.map((turn) => segment(turn));
  segments.push(segment());
  const at = (time: string) => {
    const index = turns.findIndex(({ ended_at }) => time <= ended_at);
    return segments[index < 0 ? turns.length : index]!;
  };
  for (const message of delivered) {
    const index = turns.findIndex(({ turn, attempt }) =>
      message.role === "user" ? turn >= message.turn : turn === message.turn && attempt === message.attempt
    );
    const into = segments[index < 0 ? turns.length : index]!;
    if (message.role === "agent") into.answer = message;
    else if (into.prompt === undefined) into.prompt = message;
    else into.events.push({ time: message.at, order: 0, message });
  }
  for (const note of notes) at(note.time).events.push({ time: note.time, order: 1, note });
  for (const call of calls) at(call.started_at).events.push({ time: call.started_at, order: 2, call });
  for (const attempt of attempts) {
    if (attempt.error === undefined || attempt.ended_at === undefined) continue;
    const index = turns.findLastIndex((turn) => turn.attempt === attempt.attempt);
    (index < 0 ? at(attempt.ended_at) : segments[index]!).troubles.push(attempt);
  }
  return segments.flatMap(entriesOf);
}

interface Event {
  time: string;
  /** Of events of the same millisecond: an agent says what it does before it does it. */
  order: number;
  message?: ConversationMessage;
  note?: LogEntry;
  call?: ToolCall;
}

interface Segment {
  turn?: Turn;
  prompt?: ConversationMessage;
  answer?: ConversationMessage;
  events: Event[];
  troubles: AttemptView[];
}

function segment(turn?: Turn): Segment {
  return { turn, events: [], troubles: [] };
}

function entriesOf({ turn, prompt, answer, events, troubles }: Segment, index: number): Entry[] {
  const entries: Entry[] = prompt === undefined ? [] : [saidOf(prompt)];
  const inOrder = events.toSorted((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : a.order - b.order);
  for (const { message, note, call } of inOrder) {
    const last = entries.at(-1);
    if (message !== undefined) entries.push(saidOf(message));
    else if (call !== undefined) {
      if (last?.kind === "tools") last.calls.push(call);
      else entries.push({ kind: "tools", key: `${index} ${call.key}`, calls: [call] });
    } else if (note !== undefined) {
      const { joined_by } = note.details;
      const glue = typeof joined_by === "string" ? joined_by : "\n\n";
      if (last?.kind === "said" && last.role === "agent") last.text += glue + note.message;
      else entries.push(spoken(`${index} ${note.time} ${entries.length}`, note.time, note.message));
    }
  }
  if (answer !== undefined && answer.text !== "") withAnswer(entries, answer);
  if (turn?.checks !== undefined && turn.checks.length > 0) {
    entries.push({ kind: "checks", key: `checks ${turn.turn} ${turn.attempt}`, checks: turn.checks });
  }
  for (const { attempt, ended_at, error } of troubles) {
    entries.push({ kind: "trouble", key: `trouble ${attempt}`, attempt, at: ended_at!, text: error! });
  }
  if (turn !== undefined) entries.push(endOf(turn));
  return entries;
}

function spoken(key: string, at: string, text: string, source: Said["source"] = "message"): Said {
  return { kind: "said", key, role: "agent", source, at, text, attached: [] };
}

/** The turn's answer is kept as the agent wrote it; the log has it in pieces, and only for a while. */
function withAnswer(entries: Entry[], answer: ConversationMessage): void {
  const last = entries.findLast((entry) => entry.kind === "said" && entry.role === "agent") as
    | Said
    | undefined;
  const [logged, whole] = [compact(last?.text ?? ""), compact(answer.text)];
  // A very long answer is cut at its beginning.
  if (last !== undefined && logged.length > whole.length && logged.endsWith(whole)) return;
  if (last !== undefined && logged !== "" && whole.endsWith(logged)) last.text = answer.text;
  else entries.push(spoken(answer.id, answer.at, answer.text, answer.source));
}

const compact = (text: string) => text.replace(/\s+/g, "");

function saidOf({ id, role, source, by, at, text, attached_files = [] }: ConversationMessage): Said {
  return {
    kind: "said",
    key: id,
    role,
    source,
    by: by === undefined || by.kind === "owner" || by.kind === "anonymous"
      ? undefined
      : by.name ?? by.id ?? by.kind,
    at,
    text,
    attached: attached_files,
  };
}

function endOf({ turn, attempt, started_at, ended_at, usage = {} }: Turn): TurnEnd {
  return {
    kind: "turn",
    key: `turn ${turn} ${attempt}`,
    turn,
    took_ms: Math.max(0, epochOf(ended_at) - epochOf(started_at)),
    cost: costOf(usage),
  };
}

/** The turn's own, where the server has it: an agent may tell that of its whole session, or none. */
function costOf(
  { cost_usd, cost_source = "reported", cost }: NonNullable<Turn["usage"]>,
): string | undefined {
  if (cost_usd !== undefined && cost_source !== "unknown") return costText({ cost_usd, cost_source });
  const { amount, currency } = (cost ?? {}) as { amount?: unknown; currency?: unknown };
  return typeof amount === "number" && amount > 0 ? money(amount, String(currency ?? "USD")) : undefined;
}

function money(amount: number, currency: string): string {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).format(amount);
  } catch {
    // Not every agent names a currency that exists.
    return `${amount.toFixed(2)} ${currency}`;
  }
}
