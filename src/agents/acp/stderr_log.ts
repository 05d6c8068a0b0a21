/** An agent's stderr as entries of the task's log. */
import { getLogger } from "@logtape/logtape";
import type { EventQueue } from "../reporting/event_queue.ts";
import { readLines } from "../reporting/lines.ts";
import { cut } from "./wire_value.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** Terminal colors, which a log cannot show. */
// deno-lint-ignore no-control-regex -- they begin with a control character
const COLORS = /\x1b\[[0-9;]*m/g;

export class StderrLog {
  /** The last line that was not chatter; empty for none. */
  last_line = "";
  /** Settles when stderr is read to its end. Never rejects. */
  readonly ended: Promise<void>;

  /** `chatter`: lines that are logged as `debug` instead of `warn`. */
  constructor(
    task_id: string,
    stderr: ReadableStream<Uint8Array>,
    chatter: RegExp | undefined,
    events: EventQueue,
  ) {
    this.ended = readLines(stderr, async (raw) => {
      const line = raw.replace(COLORS, "");
      if (line.trim() === "") return;
      const isChatter = chatter?.test(line) === true;
      if (!isChatter) this.last_line = cut(line.trim(), 500);
      await events.note(isChatter ? "debug" : "warn", line, "stderr");
    }).catch((error) => {
      log.warn("stderr of task {task} cannot be read: {error}", { task: task_id, error });
    });
  }
}
