/** `top` as lines of a screen. Pure. */
import type { LogEntry } from "../../domain/log_entry.ts";
import { isToJudge, type Need } from "../../domain/needs.ts";
import { type Task, TaskStatus } from "../../domain/task.ts";
import { isFinished } from "../../domain/task_values.ts";
import { localTimeOfDay } from "../local_time.ts";
import { mostUrgent } from "../asks.ts";
import { levelStyle } from "../log_text.ts";
import { projectName } from "../../domain/project_name.ts";
import { costInWords, runTime, statusStyle, waitInWords } from "../task_text.ts";
import type { Style } from "../terminal.ts";
import { clean, columns, fit, oneLine, wrapped } from "../text.ts";
import { bytes, duration, percent } from "../../protocol/formats.ts";
import { requestLines, scopeLine } from "../request_text.ts";
import { type Board, OPEN_STATUSES, ordered, selectedTask, shownRequest } from "./board.ts";

export interface Screen {
  columns: number;
  rows: number;
  now_ms: number;
  paint: (text: string, ...styles: Style[]) => string;
}

/** The whole screen: exactly `rows` lines, none wider than the screen. */
export function render(board: Board, screen: Screen): string[] {
  const { rows } = screen;
  const head = header(board, screen);
  const foot = footer(board, screen);
  const room = Math.max(0, rows - head.length - 1);
  const body = { board: boardPage, log: logPage, help: helpPage, request: requestPage }[board.page](
    board,
    screen,
    room,
  );
  return filled([...head, ...filled(body, room), foot], rows);
}

/** All tasks as lines for a pipe, without a log. */
export function snapshot(board: Board, screen: Screen): string[] {
  const rows = ordered(board).map((task) => taskRow(task, board, screen).text.slice(2));
  return [...header(board, screen), titles(board, screen).trim(), ...rows].map((line) => line.trimEnd());
}

function filled(lines: string[], rows: number): string[] {
  return [...lines, ...Array(Math.max(0, rows - lines.length)).fill("")].slice(0, rows);
}

function header(board: Board, { columns: width, paint }: Screen): string[] {
  const state = board.connected ? "" : "  connection lost, trying again";
  const name = fit(`opencode-agents  ${board.url}`, width - columns(state));
  return [
    paint(name, "bold") + paint(fit(state, width), "red"),
    counts(board, width, paint),
    paint(fit(machine(board), width), "dim"),
    paint(fit(held(board), width), "yellow"),
  ];
}

function counts({ summary, tasks }: Board, width: number, paint: Screen["paint"]): string {
  const here = new Map<TaskStatus, number>();
  for (const { status } of tasks.values()) here.set(status, (here.get(status) ?? 0) + 1);
  let left = width;
  const parts: string[] = [];
  for (const status of [...OPEN_STATUSES, ...TaskStatus.options.filter(isFinished)]) {
    const shown = here.get(status) ?? 0;
    // The board has only the latest ended tasks. The summary counts all of them, but arrives rarely.
    const count = isFinished(status) ? Math.max(shown, summary?.[status] ?? 0) : shown;
    const text = fit(`${count} ${status}  `, left);
    left -= columns(text);
    parts.push(count > 0 ? paint(text, statusStyle(status)) : paint(text, "dim"));
  }
  return parts.join("");
}

function machine({ resources }: Board): string {
  if (!resources) return "";
  const { cpu_usage, memory_usage, memory_used, memory_total, load_average, disk_usage } = resources;
  return [
    `CPU ${percent(cpu_usage)}`,
    `memory ${percent(memory_usage)} (${bytes(memory_used)} of ${bytes(memory_total)})`,
    `disk ${percent(disk_usage)}`,
    ...(load_average ? [`load ${load_average.map((one) => one.toFixed(2)).join(" ")}`] : []),
  ].join("   ");
}

/** What many tasks wait for: the agents that their providers hold, and the budget of the day. */
function held({ tasks }: Board): string {
  const until = new Map<string, string>();
  for (const { waiting_for: wait } of tasks.values()) {
    if (wait?.kind === "provider_limit") until.set(`${wait.agent} is held by its provider`, wait.until);
    if (wait?.kind === "budget" && wait.until !== undefined) {
      until.set("the budget of the day is spent", wait.until);
    }
  }
  return [...until].map(([what, iso]) => `${what} until ${localTimeOfDay(iso)}`).join("   ");
}

const STATUS_WIDTH = Math.max(...TaskStatus.options.map((status) => status.length));
const BAR = 10;
const TIME_WIDTH = 11;
const ID_MOST = 30;

/** On a narrow screen, the columns before the last one leave room for what a task is doing. */
const NARROW = 100;
const NARROW_BAR = 4;
const NARROW_TIME_WIDTH = 7;

function barWidth({ columns: width }: Screen): number {
  return width < NARROW ? NARROW_BAR : BAR;
}

function timeWidth({ columns: width }: Screen): number {
  return width < NARROW ? NARROW_TIME_WIDTH : TIME_WIDTH;
}

function idWidth({ tasks }: Board, { columns: width }: Screen): number {
  const longest = Math.max(2, ...[...tasks.keys()].map((id) => columns(id)));
  if (width === Infinity) return longest;
  return Math.max(2, Math.min(longest, ID_MOST, Math.floor(width / (width < NARROW ? 4 : 3))));
}

const PROJECT_MOST = 16;

/** Only on a wide screen, and only if there are projects. */
function projectCell(text: string, { tasks }: Board, { columns: width }: Screen): string[] {
  const longest = Math.max(0, ...[...tasks.values()].map((task) => columns(projectName(task) ?? "")));
  if (longest === 0 || width < NARROW) return [];
  return [
    padded(text, Math.max("PROJECT".length, width === Infinity ? longest : Math.min(longest, PROJECT_MOST))),
  ];
}

/** Only on a wide screen, and only if something has cost anything. */
function costCell(text: string, { tasks }: Board, { columns: width }: Screen): string[] {
  const longest = Math.max(0, ...[...tasks.values()].map((task) => (costInWords(task) ?? "").length));
  return longest === 0 || width < NARROW ? [] : [padded(text, Math.max("COST".length, longest))];
}

const padded = (text: string, width: number) => {
  const kept = fit(text, width);
  return kept + " ".repeat(width - columns(kept));
};

function titles(board: Board, screen: Screen): string {
  const cells = [
    padded("ID", idWidth(board, screen)),
    ...projectCell("PROJECT", board, screen),
    padded("STATUS", STATUS_WIDTH),
    padded("PROGRESS", barWidth(screen) + 5),
    padded("TIME", timeWidth(screen)),
    ...costCell("COST", board, screen),
    "DOING",
  ];
  return screen.paint(fit(`  ${cells.join(" ")}`, screen.columns), "dim");
}

function taskRow(task: Task, board: Board, screen: Screen): { text: string; style: Style } {
  const bar = barWidth(screen);
  const full = Math.round(task.progress * bar / 100);
  const ms = runTime(task, screen.now_ms);
  const cells = [
    padded(task.id, idWidth(board, screen)),
    ...projectCell(projectName(task) ?? "", board, screen),
    padded(task.status, STATUS_WIDTH),
    `${"█".repeat(full)}${"░".repeat(bar - full)} ${String(task.progress).padStart(3)}%`,
    padded(ms === undefined ? "" : shortTime(ms, screen), timeWidth(screen)),
    ...costCell(costInWords(task) ?? "", board, screen),
    doing(task, screen),
  ];
  return { text: fit(`  ${cells.join(" ")}`, screen.columns), style: statusStyle(task.status) };
}

/** On a narrow screen, the largest unit alone. */
function shortTime(ms: number, { columns: width }: Screen): string {
  const text = duration(ms);
  return width < NARROW ? text.split(" ").slice(0, 2).join(" ") : text;
}

const MARKS: Record<Need, string> = {
  permission: "ASKS",
  question: "ASKS",
  approval: "APPROVE",
  budget: "BUDGET",
  conflict: "CONFLICT",
  feedback: "FEEDBACK",
  changes_requested: "REVIEW",
  review: "REVIEW",
};

function doing(task: Task, { now_ms }: Screen): string {
  const ask = mostUrgent(task);
  if (ask) return `${MARKS[ask.kind]}: ${oneLine(ask.what)}`;
  const wait = waitInWords(task, now_ms);
  if (wait !== undefined) return `waits for ${oneLine(wait)}`;
  if (task.error) return oneLine(task.error);
  const step = task.status === "running" ? oneLine(task.progress_details?.current_step ?? "") : "";
  return step || oneLine(task.description);
}

function boardPage(board: Board, screen: Screen, room: number): string[] {
  const tasks = ordered(board);
  if (tasks.length === 0) {
    return ['no tasks yet; start one with: opencode-agents run "…"'].map((text) => fit(text, screen.columns));
  }
  // The log gets at least the lower half.
  const listRoom = Math.max(1, Math.min(tasks.length, Math.floor((room - 2) / 2)));
  const at = Math.max(0, tasks.findIndex(({ id }) => id === board.selected));
  const first = Math.max(0, Math.min(at - Math.floor(listRoom / 2), tasks.length - listRoom));
  const lines = tasks.slice(first, first + listRoom).map((task) => {
    const { text, style } = taskRow(task, board, screen);
    const ask = mostUrgent(task);
    if (task.id !== board.selected) {
      return screen.paint(text, ask === undefined ? style : isToJudge(ask.kind) ? "cyan" : "yellow");
    }
    return screen.paint(padded(`> ${text.slice(2)}`, screen.columns), "reverse");
  });
  const hidden = tasks.length - lines.length;
  const more = hidden > 0 ? `  (${hidden} more)` : "";
  return [
    titles(board, screen),
    ...lines,
    rule(`log of ${board.selected}${more}`, screen),
    // What agents say of their own insides has room only where the log is all there is.
    ...logTail(board.entries.filter(({ level }) => level !== "debug"), screen, room - lines.length - 2),
  ];
}

function logPage(board: Board, screen: Screen, room: number): string[] {
  const task = selectedTask(board);
  const title = task ? `${task.id}, ${task.status} ${task.progress} %: ${oneLine(task.description)}` : "";
  return [rule(title, screen), ...logTail(board.entries, screen, room - 1, wrapped)];
}

/** The request in full: what does not fit is a few keys away. */
function requestPage(board: Board, screen: Screen, room: number): string[] {
  const task = selectedTask(board);
  const request = shownRequest(board);
  if (!task || !request) return [fit("it has been answered meanwhile", screen.columns)];
  const scope = scopeLine(request);
  const lines = [...requestLines(request), ...scope === undefined ? [] : ["", scope]]
    .flatMap((line) => wrapped(line, screen.columns));
  const space = Math.max(1, room - 2);
  const first = Math.max(0, Math.min(board.answering?.scrolled ?? 0, lines.length - space));
  const below = lines.length - first - space;
  return [
    rule(`task ${task.id} asks for permission`, screen),
    ...lines.slice(first, first + space).map((line) => screen.paint(line, ...requestStyle(line))),
    ...below > 0 ? [screen.paint(fit(`… ${below} more lines: ↓`, screen.columns), "yellow")] : [],
  ];
}

/** The lines of a patch. */
function requestStyle(line: string): Style[] {
  if (/^(\+\+\+|---|@@)/.test(line)) return ["dim"];
  return line.startsWith("+") ? ["green"] : line.startsWith("-") ? ["red"] : [];
}

function rule(title: string, { columns: width, paint }: Screen): string {
  const text = fit(`── ${title} `, width);
  return paint(text + "─".repeat(Math.max(0, width - columns(text))), "dim");
}

/** How to show a line that is too long for the screen. */
type Shorten = (text: string, width: number) => string[];
const cut: Shorten = (text, width) => [fit(text, width)];

/** The last lines that fit. */
function logTail(entries: readonly LogEntry[], screen: Screen, room: number, shorten = cut): string[] {
  if (room <= 0) return [];
  return entries.slice(-room).flatMap((entry) => entryLines(entry, screen, shorten)).slice(-room);
}

function entryLines(
  { time, level, message }: LogEntry,
  { columns: width, paint }: Screen,
  shorten: Shorten,
): string[] {
  const head = `${localTimeOfDay(time)} ${level.padEnd(5)} `;
  const room = Math.max(1, width - head.length);
  const lines = clean(message).replaceAll("\t", "    ").trimEnd().split("\n").flatMap((line) =>
    shorten(line, room)
  );
  return lines.map((line, at) =>
    paint(fit((at === 0 ? head : " ".repeat(head.length)) + line, width), ...levelStyle(level))
  );
}

const HELP = [
  ["↑ ↓, k j", "select a task; page up, page down, home and end move further"],
  ["enter", "show the log of the selected task, and go back"],
  ["c", "cancel the task, after a question"],
  ["r", "retry a task that failed or was cancelled"],
  ["p", "pause the task, or resume it"],
  ["a, d", "show what its agent asks, to allow or deny it; accept or discard its work, after a question"],
  ["?", "show these keys, and go back"],
  ["q, Ctrl-C", "go back, then leave; tasks continue"],
] as const;

function helpPage(_board: Board, screen: Screen, room: number): string[] {
  const lines = HELP.map(([keys, does]) => fit(`  ${padded(keys, 12)}${does}`, screen.columns));
  return [rule("keys", screen), ...lines].slice(0, room);
}

const KEYS = "↑↓ select  enter log  c cancel  r retry  p pause  a/d allow/deny  ? help  q quit";
const LOG_KEYS = "↑↓ other task  c cancel  r retry  p pause  a/d allow/deny  ? help  q back";
const REVIEW_KEYS = ["a/d allow/deny", "a/d accept/discard"] as const;
const QUESTIONS = {
  cancel_task: (id: string) => `cancel task ${id}? y/n`,
  accept_changes: (id: string) => `accept the changes of task ${id} into its base branch? y/n`,
  discard_changes: (id: string) => `discard the changes of task ${id}? y/n`,
};
const HELP_KEYS = "q back";

/** What the keys do to the request, with what "always" means where there is room for it. */
function requestKeys(board: Board): string {
  const reason = board.answering?.reason;
  if (reason !== undefined) return `deny it; tell the agent why (or nothing), then enter: ${reason}_`;
  const request = shownRequest(board);
  const project = selectedTask(board)?.project;
  const always = request?.remembers === undefined
    ? ""
    : `  t always in this task${project === undefined ? "" : `  p always in project ${project}`}`;
  return `y allow once${always}  d deny  ↑↓ read on  q back`;
}

function footer(board: Board, { columns: width, paint }: Screen): string {
  if (board.confirming !== undefined) {
    const { type, task_id } = board.confirming;
    return paint(fit(QUESTIONS[type](task_id), width), "yellow", "bold");
  }
  if (board.notice !== undefined) return paint(fit(oneLine(board.notice), width), "yellow");
  if (board.page === "request") {
    const isTyped = board.answering?.reason !== undefined;
    return isTyped
      ? paint(fittingEnd(requestKeys(board), width), "yellow", "bold")
      : paint(fit(requestKeys(board), width), "dim");
  }
  const task = selectedTask(board);
  const ask = task && mostUrgent(task);
  const keys = { board: KEYS, log: LOG_KEYS, help: HELP_KEYS }[board.page];
  const meant = ask && isToJudge(ask.kind) ? keys.replace(...REVIEW_KEYS) : keys;
  return paint(fit(meant, width), "dim");
}

/** The end of a text that is being typed. */
function fittingEnd(text: string, width: number): string {
  const characters = Array.from(text);
  while (columns(characters.join("")) > width) characters.shift();
  return characters.join("");
}
