/** An agent's stderr as entries of the task's log. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { createLastWords, type LastWords } from "../reporting/last_words.ts";
import { type OutputPart, readOutput } from "../reporting/program_output.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** Terminal colors, which a log cannot show. */
// deno-lint-ignore no-control-regex -- they begin with a control character
const COLORS = /\x1b\[[0-9;]*m/g;

export interface StderrLogOptions {
  clock: Clock;
  task_id: string;
  stderr: ReadableStream<Uint8Array>;
  /** Lines that are logged as `debug` instead of `warn`. */
  chatter: RegExp | undefined;
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

  constructor(options: StderrLogOptions) {
    this.#options = options;
    const { clock, task_id, stderr, onBytes } = options;
    this.ended = readOutput(stderr, { clock, onBytes, part: (part) => this.#take(part) }).catch((error) => {
      log.warn("stderr of task {task} cannot be read: {error}", { task: task_id, error });
    });
  }

  #take({ kind, text, news }: OutputPart): void | Promise<void> {
    const { chatter, events } = this.#options;
    const line = text.replace(COLORS, "");
    const isChatter = chatter?.test(line) === true;
    if (!isChatter) this.words[kind === "draft" ? "begin" : "add"](line);
    const message = news.replace(COLORS, "");
    if (message.trim() === "") return;
    return events.note(isChatter ? "debug" : "warn", message, "stderr");
  }
}
