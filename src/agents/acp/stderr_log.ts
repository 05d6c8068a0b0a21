/** An agent's stderr as entries of the task's log. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import type { LogLevel } from "../../domain/log_entry.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { createLastWords, type LastWords } from "../reporting/last_words.ts";
import { type OutputPart, readOutput } from "../reporting/program_output.ts";
import { continuesLine, statedLevel, withoutStamp } from "../reporting/stated_level.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** Terminal colors, which a log cannot show. */
// deno-lint-ignore no-control-regex -- they begin with a control character
const COLORS = /\x1b\[[0-9;]*m/g;

/** How many lines are remembered to see that one comes again. */
const MOST_REMEMBERED = 200;

export interface StderrLogOptions {
  clock: Clock;
  task_id: string;
  stderr: ReadableStream<Uint8Array>;
  /** Lines that are logged as `debug` instead of `warn`. */
  chatter: RegExp | undefined;
  /** Whether a line tells trouble with the model, which is logged as such. */
  isTrouble?: (line: string) => Promise<boolean>;
  events: EventQueue;
  /** Called for whatever arrives. */
  onBytes: () => void;
}

export class StderrLog {
  /** Settles when stderr is read to its end. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: StderrLogOptions;
  /** Its end without chatter. */
  readonly words: LastWords = createLastWords();
  /** Lines that are in the log already, the oldest first. */
  readonly #logged = new Set<string>();

  constructor(options: StderrLogOptions) {
    this.#options = options;
    const { clock, task_id, stderr, onBytes } = options;
    this.ended = readOutput(stderr, { clock, onBytes, part: (part) => this.#take(part) }).catch((error) => {
      log.warn("stderr of task {task} cannot be read: {error}", { task: task_id, error });
    });
  }

  async #take({ kind, text, news }: OutputPart): Promise<void> {
    const { events, isTrouble } = this.#options;
    const line = text.replace(COLORS, "");
    const isTelling = kind === "line" && await isTrouble?.(line) === true;
    const level = isTelling || this.#isRepeated(kind, withoutStamp(line)) ? "debug" : this.#levelOf(line);
    if (level !== "debug") this.words[kind === "draft" ? "begin" : "add"](line);
    const message = news.replace(COLORS, "");
    if (message.trim() === "") return;
    await events.note(level, message, "stderr");
  }

  /** Chatter is `debug`, and so is all that a program calls no more than information about itself. */
  #levelOf(line: string): LogLevel {
    if (this.#options.chatter?.test(withoutStamp(line)) === true || continuesLine(line)) return "debug";
    const stated = statedLevel(line);
    return stated === "info" ? "debug" : stated ?? "warn";
  }

  /** Whether this very line has been logged before: many programs print an error twice, or all of them at their end. */
  #isRepeated(kind: OutputPart["kind"], line: string): boolean {
    if (kind !== "line") return false;
    if (this.#logged.has(line)) return true;
    this.#logged.add(line);
    const [oldest] = this.#logged;
    if (this.#logged.size > MOST_REMEMBERED) this.#logged.delete(oldest!);
    return false;
  }
}
