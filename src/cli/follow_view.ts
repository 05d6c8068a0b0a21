/** A followed task for people: log lines and, in a terminal, one redrawn status line below them. */
import { type Clock, type Timer } from "../clock/clock.ts";
import { isFinished } from "../client/wait_for.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import type { Pushes } from "../protocol/pushes.ts";
import type { Task } from "../domain/task.ts";
import { logLines, statusInWords, statusStyle, steps } from "./task_view.ts";
import type { Terminal } from "./terminal.ts";
import { fit, oneLine } from "./text.ts";

/** What following shows of a task. */
export interface View {
  entry(log: LogEntry): void;
  /** The task as the server just described it. */
  task(task: Task): void;
  status(push: Pushes["task_status_update"]): void;
  progress(push: Pushes["task_progress_update"]): void;
  permission(push: Pushes["permission_request"]): void;
  ended(task: Task): void;
  close(): void;
}

const BAR = 16;

export class FollowView implements View {
  readonly #timer: Timer | undefined;
  #task: Task | undefined;
  #said = "";

  constructor(private readonly terminal: Terminal, private readonly clock: Clock) {
    // Only for the seconds in the status line.
    if (terminal.isTerminal) this.#timer = clock.every(1000, () => this.#draw());
  }

  entry(log: LogEntry): void {
    this.terminal.line(logLines(log, this.terminal, false));
  }

  task(task: Task): void {
    this.#task = task;
    if (!this.terminal.isTerminal && !isFinished(task.status)) this.#say(task.status);
    this.#draw();
  }

  /** Each is followed by a look at the task, which may be further on already. */
  status(): void {}

  progress({ new_progress, progress_details }: Pushes["task_progress_update"]): void {
    if (!this.#task) return;
    this.#task = { ...this.#task, progress: new_progress, progress_details };
    // Without steps it is the last activity, which the log tells already.
    if (!this.terminal.isTerminal && steps(this.#task) !== "") this.#say(this.#progressInWords());
    this.#draw();
  }

  permission(): void {}

  ended(task: Task): void {
    this.terminal.status("");
    const words = `task ${task.id} ${statusInWords(task, this.clock.now())}`;
    const { terminal } = this;
    terminal.line(terminal.paint(words, statusStyle(task.status), "bold"));
    if (task.error) terminal.line(terminal.paint(oneLine(task.error), "red"));
  }

  close(): void {
    this.#timer?.cancel();
    this.terminal.status("");
  }

  /** In a pipe every change is a line; none is said twice. */
  #say(words: string): void {
    if (words === this.#said) return;
    this.#said = words;
    this.terminal.line(words);
  }

  #progressInWords(): string {
    const { progress, progress_details } = this.#task!;
    const step = oneLine(progress_details?.current_step ?? "");
    return [`${progress} %`, steps(this.#task!), step].filter(Boolean).join("  ");
  }

  #draw(): void {
    if (!this.#task) return;
    const { terminal } = this;
    const { status, progress } = this.#task;
    const full = Math.round(progress * BAR / 100);
    const words = statusInWords(this.#task, this.clock.now());
    const bar = terminal.width > 60 ? `${"█".repeat(full)}${"░".repeat(BAR - full)} ` : "";
    // One column stays free, so that no terminal wraps the line.
    const rest = fit(` ${bar}${this.#progressInWords()}`, terminal.width - words.length - 1);
    terminal.status(terminal.paint(words, statusStyle(status)) + rest);
  }
}
