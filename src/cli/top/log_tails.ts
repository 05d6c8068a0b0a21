/** The last log entries of the tasks that were looked at: asked for once each, kept up by pushes. */
import type { LogEntry } from "../../domain/log_entry.ts";

/** Of a task; more than any screen shows. */
const ENTRIES_MAX = 300;
/** The one asked for longest ago is forgotten first. */
const TASKS_MAX = 30;

export class LogTails {
  readonly #tails = new Map<string, LogEntry[]>();

  /** What is known of a task's log; undefined when it has to be asked for. */
  of(task_id: string): readonly LogEntry[] | undefined {
    return this.#tails.get(task_id);
  }

  /** From now on its pushes are kept. */
  begin(task_id: string): void {
    if (this.#tails.has(task_id)) return;
    this.#tails.set(task_id, []);
    if (this.#tails.size > TASKS_MAX) this.#tails.delete(this.#tails.keys().next().value!);
  }

  /** Puts what was there before in front of what was pushed since; an entry may be in both. */
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
