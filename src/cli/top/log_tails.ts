/** The last log entries of tasks that were selected: each log is loaded once, then kept up to date by pushes. */
import type { LogEntry } from "../../domain/log_entry.ts";

/** The most entries kept per task; more than any screen shows. */
const ENTRIES_MAX = 300;
/** The most tasks kept. Beyond that, the task that was loaded first is dropped. */
const TASKS_MAX = 30;

export class LogTails {
  readonly #tails = new Map<string, LogEntry[]>();

  /** The known entries of a task; undefined if they must be loaded. */
  of(task_id: string): readonly LogEntry[] | undefined {
    return this.#tails.get(task_id);
  }

  /** Keeps the task's pushes from now on. */
  begin(task_id: string): void {
    if (this.#tails.has(task_id)) return;
    this.#tails.set(task_id, []);
    if (this.#tails.size > TASKS_MAX) this.#tails.delete(this.#tails.keys().next().value!);
  }

  /** Puts the loaded entries in front of those pushed since; an entry may be in both. */
  complete(task_id: string, before: LogEntry[]): void {
    const known = new Set(before.map((entry) => JSON.stringify(entry)));
    const since = (this.#tails.get(task_id) ?? []).filter((entry) => !known.has(JSON.stringify(entry)));
    if (this.#tails.has(task_id)) this.#tails.set(task_id, [...before, ...since].slice(-ENTRIES_MAX));
  }

  add(entry: LogEntry): void {
    const tail = this.#tails.get(entry.agent);
    if (!tail) return;
    tail.push(entry);
    if (tail.length > 2 * ENTRIES_MAX) tail.splice(0, ENTRIES_MAX);
  }

  forget(task_id: string): void {
    this.#tails.delete(task_id);
  }

  clear(): void {
    this.#tails.clear();
  }
}
