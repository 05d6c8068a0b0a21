/** The server's own log on stderr, one line per entry. */
import { configure, getLogger, type LogRecord, type Sink } from "@logtape/logtape";
import { isoTime, systemClock } from "../clock/clock.ts";
import { Masker } from "../domain/masking.ts";
import { unexpectedStack } from "./error_stack.ts";
import { LineOutput, type LineOutputOptions } from "./line_output.ts";

const log = getLogger(["opencode-agents", "log"]);

/** Of all lines. */
let masker = new Masker([]);

/** From now on, no line shows these secrets. */
export function maskLog(secrets: readonly string[]): void {
  masker = new Masker(secrets);
}

/**
 * Writes entries from level `lowest` on to stderr, with a stack if an error is among the properties, and passes them to
 * `also`. A stderr that cannot be written (a closed terminal, a dead reader, a full disk) costs lines there, nothing
 * else; both logs say so. Returns the output, to be flushed before the program ends.
 */
export async function logToStderr(
  write: LineOutputOptions["write"] = (bytes) => Deno.stderr.write(bytes),
  lowest: "debug" | "info" = "info",
  also: Sink = () => {},
): Promise<LineOutput> {
  const output = new LineOutput({
    clock: systemClock,
    write,
    failed: (reason) => log.warn("Lines of the log on stderr are lost: {reason}", { reason }),
    gap: (count, reason) =>
      `${isoTime(systemClock.now())} WARNING log: ${count} lines before this one were lost: ${reason}\n`,
  });
  await configure({
    reset: true,
    sinks: { stderr: (record) => output.write(line(record)), also },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
      { category: ["opencode-agents"], sinks: ["stderr", "also"], lowestLevel: lowest },
    ],
  });
  return output;
}

function line(record: LogRecord): string {
  const time = isoTime(record.timestamp);
  const message = record.message.map((part, i) => i % 2 === 0 ? part : plain(part)).join("");
  const error = Object.values(record.properties).find((value) => value instanceof Error);
  const stack = error instanceof Error && record.level !== "debug" ? unexpectedStack(error) : undefined;
  const entry = `${time} ${record.level.toUpperCase()} ${record.category.slice(1).join(".")}: ${message}`;
  return masker.text([entry, stack, ""].filter((part) => part !== undefined).join("\n"));
}

/** A value as text. What clients and agents wrote must not move the cursor of whoever reads the log. */
function plain(value: unknown): string {
  const text = value instanceof Error
    ? value.message
    : typeof value === "string"
    ? value
    : JSON.stringify(value) ?? "";
  return text.replace(CONTROLS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
