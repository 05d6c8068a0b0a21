/** A followed task for people: log lines and, in a terminal, a redrawn status line below them. */
import { isFinished } from "../../domain/task_values.ts";
import type { Clock, Timer } from "../../clock/clock.ts";
import type { LogEntry } from "../../domain/log_entry.ts";
import type { Task } from "../../domain/task.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import { logLines } from "../log_text.ts";
import { statusInWords, statusStyle, steps } from "../task_text.ts";
import type { Terminal } from "../terminal.ts";
import { fit, oneLine } from "../text.ts";
import type { View } from "./view.ts";

const BAR_WIDTH = 16;
/** The status line of a narrower terminal has no progress bar. */
const WIDTH_FOR_BAR = 60;

export class TextView implements View {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #timer: Timer | undefined;
  #task: Task | undefined;
  #last_change = "";

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    // Updates the seconds in the status line.
    if (terminal.isTerminal) this.#timer = clock.every(1000, () => this.#draw());
  }

  entry(log: LogEntry): void {
    this.#terminal.line(logLines(log, this.#terminal, false));
  }

  task(task: Task): void {
    this.#task = task;
    const { status } = task;
    const isToCome = status === "pending" || status === "queued";
    if (isToCome) this.#printChange(statusInWords(task, this.#clock.now()));
    else if (!isFinished(status)) this.#printChange(status);
    this.#draw();
  }

  /** `task` follows each status push and may already know a later state. */
  status(): void {}

  progress({ new_progress, progress_details }: Pushes["task_progress_update"]): void {
    if (!this.#task) return;
    this.#task = { ...this.#task, progress: new_progress, progress_details };
    // Without steps, the details are the last activity, which the log shows anyway.
    if (steps(this.#task) !== "") this.#printChange(progressInWords(this.#task));
    this.#draw();
  }

  /** `Questions` shows the request. */
  permission(): void {}

  /** The log has it once it is delivered. */
  message(): void {}

  /** `Questions` shows it too. */
  question(): void {}

  ended(task: Task): void {
    const terminal = this.#terminal;
    terminal.status("");
    const words = `task ${task.id} ${statusInWords(task, this.#clock.now())}`;
    terminal.line(terminal.paint(words, statusStyle(task.status), "bold"));
    if (task.error) terminal.line(terminal.paint(oneLine(task.error), "red"));
  }

  close(): void {
    this.#timer?.cancel();
    this.#terminal.status("");
  }

  /** In a pipe, prints each change as a line, once. A terminal has the status line for it. */
  #printChange(words: string): void {
    if (this.#terminal.isTerminal || words === this.#last_change) return;
    this.#last_change = words;
    this.#terminal.line(words);
  }

  #draw(): void {
    if (!this.#task) return;
    const terminal = this.#terminal;
    const { status, progress } = this.#task;
    const full = Math.round(progress * BAR_WIDTH / 100);
    const words = statusInWords(this.#task, this.#clock.now());
    const bar = terminal.width > WIDTH_FOR_BAR ? `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} ` : "";
    // One column stays free, so that no terminal wraps the line.
    const rest = fit(` ${bar}${progressInWords(this.#task)}`, terminal.width - words.length - 1);
    terminal.status(terminal.paint(words, statusStyle(status)) + rest);
  }
}

/** `40 %  2/5  Linking`. */
function progressInWords(task: Task): string {
  const step = oneLine(task.progress_details?.current_step ?? "");
  return [`${task.progress} %`, steps(task), step].filter(Boolean).join("  ");
}
