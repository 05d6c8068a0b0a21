/** Keys of `top`: what a terminal sends, and what each key does to the board. Pure. */
import { isToJudge } from "../../domain/needs.ts";
import type { Task } from "../../domain/task.ts";
import { mostUrgent } from "../asks.ts";
import { ownCommand } from "../own_command.ts";
import { openPermissions } from "../task_text.ts";
import type { Action } from "./actions.ts";
import type { RememberScope } from "../../domain/remembered.ts";
import { type Board, ordered, selectedTask, shownRequest } from "./board.ts";

/** What a key makes the server or the program do. */
export type Effect = { kind: "quit" } | Action;

const SEQUENCES: Record<string, string> = {
  "[A": "up",
  "OA": "up",
  "[B": "down",
  "OB": "down",
  "[5~": "page up",
  "[6~": "page down",
  "[H": "home",
  "OH": "home",
  "[1~": "home",
  "[F": "end",
  "OF": "end",
  "[4~": "end",
};
// deno-lint-ignore no-control-regex
const KEY = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[^]/gu;

/** The keys in one piece of terminal input, without unknown sequences. */
export function keysIn(text: string): string[] {
  return [...text.matchAll(KEY)].flatMap(([key]) => {
    if (key.length > 1 && key.startsWith("\x1b")) return SEQUENCES[key.slice(1)] ?? [];
    if (key === "\x1b") return "escape";
    if (key === "\r" || key === "\n") return "enter";
    if (key === "\x03" || key === "\x04") return "quit";
    return key;
  });
}

/** How far page up and page down move. */
const PAGE = 10;

/** The board after a key, and the effect to carry out, if any. */
export function afterKey(board: Board, key: string): { board: Board; effect?: Effect } {
  const quiet: Board = { ...board, notice: undefined };
  if (key === "quit") return { board: quiet, effect: { kind: "quit" } };
  if (board.confirming !== undefined) {
    const rest = { ...quiet, confirming: undefined };
    return key === "y"
      ? { board: rest, effect: { kind: "act", ...board.confirming } }
      : { board: { ...rest, notice: "nothing was done" } };
  }
  if (board.page === "request") return onRequest(quiet, key);
  switch (key) {
    case "q":
    case "escape":
      if (board.page !== "board") return { board: { ...quiet, page: "board" } };
      return key === "q" ? { board: quiet, effect: { kind: "quit" } } : { board: quiet };
    case "enter":
      if (!selectedTask(board)) return { board: quiet };
      return { board: { ...quiet, page: board.page === "board" ? "log" : "board" } };
    case "?":
      return { board: { ...quiet, page: board.page === "help" ? "board" : "help" } };
    case "k":
    case "up":
      return { board: moved(quiet, -1) };
    case "j":
    case "down":
      return { board: moved(quiet, 1) };
    case "page up":
      return { board: moved(quiet, -PAGE) };
    case "page down":
      return { board: moved(quiet, PAGE) };
    case "g":
    case "home":
      return { board: moved(quiet, -Infinity) };
    case "G":
    case "end":
      return { board: moved(quiet, Infinity) };
    default:
      return onTask(quiet, key);
  }
}

function moved(board: Board, by: number): Board {
  const ids = ordered(board).map(({ id }) => id);
  const at = ids.indexOf(board.selected ?? "");
  const selected = ids[Math.max(0, Math.min(ids.length - 1, at + by))];
  return selected === board.selected ? board : { ...board, selected, entries: [] };
}

function onTask(board: Board, key: string): { board: Board; effect?: Effect } {
  const task = selectedTask(board);
  if (!task) return { board };
  const task_id = task.id;
  switch (key) {
    case "c":
      return { board: { ...board, confirming: { type: "cancel_task", task_id } } };
    case "r":
      return { board, effect: { kind: "act", type: "retry_task", task_id } };
    case "p":
      return {
        board,
        effect: { kind: "act", type: task.status === "paused" ? "resume_task" : "pause_task", task_id },
      };
    case "a":
    case "d": {
      const [open] = openPermissions(task);
      if (!open) return judged(board, task, key);
      const answering = { permission_id: open.permission_id, scrolled: 0 };
      const reason = key === "d" ? { reason: "" } : {};
      return { board: { ...board, page: "request", answering: { ...answering, ...reason } } };
    }
    default:
      return { board };
  }
}

/** The longest reason for a denial, in characters. */
const REASON_MOST = 2000;

/** Keys while a request is shown in full. */
function onRequest(board: Board, key: string): { board: Board; effect?: Effect } {
  const { answering, selected } = board;
  const request = shownRequest(board);
  const closed: Board = { ...board, page: "board", answering: undefined };
  // Someone else has answered.
  if (!answering || !request || selected === undefined) return { board: closed };
  const { permission_id, scrolled, reason } = answering;
  const to = (more: Partial<typeof answering>): Board => ({ ...board, answering: { ...answering, ...more } });
  const answer = (decision: "allow" | "deny", more: { remember?: RememberScope; message?: string } = {}) => ({
    board: closed,
    effect: { kind: "answer", task_id: selected, permission_id, decision, ...more } as const,
  });
  if (reason !== undefined) {
    switch (key) {
      case "escape":
        return { board: to({ reason: undefined }) };
      case "enter":
        return answer("deny", reason.trim() === "" ? {} : { message: reason.trim() });
      case "\x7f":
      case "\b":
        return { board: to({ reason: Array.from(reason).slice(0, -1).join("") }) };
      default:
        if (Array.from(key).length > 1 || key < " " || reason.length >= REASON_MOST) return { board };
        return { board: to({ reason: reason + key }) };
    }
  }
  switch (key) {
    case "q":
    case "escape":
      return { board: closed };
    // Not the key that has shown the request: whoever holds it down has read nothing.
    case "y":
      return answer("allow");
    case "t":
      return request.remembers ? answer("allow", { remember: "task" }) : { board };
    case "p":
      return request.remembers && selectedTask(board)?.project !== undefined
        ? answer("allow", { remember: "project" })
        : { board };
    case "n":
    case "d":
      return { board: to({ reason: "" }) };
    case "k":
    case "up":
      return { board: to({ scrolled: Math.max(0, scrolled - 1) }) };
    case "j":
    case "down":
      return { board: to({ scrolled: scrolled + 1 }) };
    case "page up":
      return { board: to({ scrolled: Math.max(0, scrolled - PAGE) }) };
    case "page down":
      return { board: to({ scrolled: scrolled + PAGE }) };
    default:
      return { board };
  }
}

/** Without an open request, the same keys accept and discard work that is to be reviewed, after a question. */
function judged(board: Board, task: Task, key: "a" | "d"): { board: Board } {
  const task_id = task.id;
  const ask = mostUrgent(task);
  if (ask && isToJudge(ask.kind)) {
    return {
      board: { ...board, confirming: { type: key === "a" ? "accept_changes" : "discard_changes", task_id } },
    };
  }
  const notice = ask
    ? `task ${task_id} needs more than a key: ${ownCommand(ask.command)}`
    : `task ${task_id} asks for nothing`;
  return { board: { ...board, notice } };
}
