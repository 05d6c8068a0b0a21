/** Puts the server's own log among the entries that clients read: bounded, and never in a loop. */
import type { LogRecord, Sink } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import type { NewEntry } from "../store/log_line.ts";
import { ApiError } from "../domain/errors.ts";
import { unexpectedStack } from "./error_stack.ts";

/** How many entries wait until the store is open. */
const EARLY_MAX = 1000;
/** How many entries of one kind are kept within a window; another entry says how many more there were. */
const SAME_MAX = 50;
const WINDOW_MS = 10_000;
const TEXT_MAX = 2000;

const LEVELS = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "fatal",
} as const satisfies Record<LogRecord["level"], NewEntry["level"]>;

export class ServerLog {
  readonly #clock: Clock;
  #append: ((entry: NewEntry) => unknown) | undefined;
  #early: NewEntry[] = [];
  #quiet = false;
  #window_ms = -Infinity;
  /** How often each kind of message occurred in this window. */
  #seen = new Map<string, { count: number; record: LogRecord }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The sink for LogTape. */
  readonly sink: Sink = (record) => {
    // The store's own problems cannot be written to the store.
    if (this.#quiet || record.category[1] === "store") return;
    if (this.#clock.monotonic() - this.#window_ms >= WINDOW_MS) this.#nextWindow();
    const kind = `${record.category.join(".")} ${record.rawMessage}`;
    const seen = this.#seen.get(kind) ?? { count: 0, record };
    this.#seen.set(kind, seen);
    if (++seen.count <= SAME_MAX) this.#emit(entryOf(record));
  };

  /** Sends all entries to `append` from now on, beginning with those that waited. */
  attach(append: (entry: NewEntry) => unknown): void {
    this.#append = append;
    for (const entry of this.#early.splice(0)) append(entry);
  }

  /** Ignores what is logged during `action`: log entries about publishing log entries would loop. */
  quietly(action: () => void): void {
    this.#quiet = true;
    try {
      action();
    } finally {
      this.#quiet = false;
    }
  }

  /** Reports how many entries were left out so far. */
  close(): void {
    this.#nextWindow();
  }

  #nextWindow(): void {
    this.#window_ms = this.#clock.monotonic();
    for (const { count, record } of this.#seen.values()) {
      const left_out = count - SAME_MAX;
      if (left_out <= 0) continue;
      const message = `${left_out} more like this were left out: ${record.rawMessage}`;
      this.#emit({ ...entryOf(record), message, details: { left_out } });
    }
    this.#seen.clear();
  }

  #emit(entry: NewEntry): void {
    if (this.#append) this.#append(entry);
    else if (this.#early.length < EARLY_MAX) this.#early.push(entry);
  }
}

/** A record as a log entry, with the stack of an unexpected error among its properties. */
function entryOf({ level, category, message, properties }: LogRecord): NewEntry {
  const errors = Object.values(properties).filter((value) => value instanceof Error);
  const task_id = properties.task_id ?? properties.task;
  return {
    level: LEVELS[level],
    message: message.map((part, i) => i % 2 === 0 ? part : plain(part)).join(""),
    agent: "server",
    source: category.slice(1).join("."),
    details: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, shown(value)])),
    context: typeof task_id === "string" ? { task_id } : {},
    stack_trace: errors.map(unexpectedStack).find((stack) => stack !== undefined),
  };
}

function plain(value: unknown): string {
  const form = shown(value);
  return value instanceof Error ? value.message : typeof form === "string" ? form : JSON.stringify(form);
}

/** A property as JSON that fits into an entry. */
function shown(value: unknown): unknown {
  if (value instanceof ApiError) return { code: value.code, message: value.message, ...value.details };
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (typeof value === "string") return value.slice(0, TEXT_MAX);
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    // A cycle, a bigint or undefined: JSON cannot express it, so its text stands for it.
    return String(value);
  }
}
