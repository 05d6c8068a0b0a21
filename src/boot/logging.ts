/** The server's own log on stderr, one line per entry. */
import { configure, getStreamSink, type LogRecord, type Sink } from "@logtape/logtape";
import { isoTime } from "../clock/clock.ts";
import { unexpectedStack } from "./error_stack.ts";

/**
 * Writes entries from level `lowest` on to `stderr`, with a stack if an error is among the properties, and passes them
 * to `also`.
 */
export async function logToStderr(
  stderr: WritableStream<Uint8Array>,
  lowest: "debug" | "info" = "info",
  also: Sink = () => {},
): Promise<void> {
  await configure({
    reset: true,
    sinks: { stderr: getStreamSink(whileRead(stderr), { formatter: line }), also },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
      { category: ["opencode-agents"], sinks: ["stderr", "also"], lowestLevel: lowest },
    ],
  });
}

/**
 * Ignores write errors: the server must survive a closed stderr (a closed terminal, `| head`). The stored log goes on.
 */
function whileRead(stderr: WritableStream<Uint8Array>): WritableStream<Uint8Array> {
  const writer = stderr.getWriter();
  let isRead = true;
  return new WritableStream({
    async write(chunk) {
      if (!isRead) return;
      try {
        await writer.write(chunk);
      } catch {
        // stderr is closed, so the error cannot be reported.
        isRead = false;
      }
    },
  });
}

function line(record: LogRecord): string {
  const time = isoTime(record.timestamp);
  const message = record.message.map((part, i) => i % 2 === 0 ? part : plain(part)).join("");
  const error = Object.values(record.properties).find((value) => value instanceof Error);
  const stack = error instanceof Error && record.level !== "debug" ? unexpectedStack(error) : undefined;
  const entry = `${time} ${record.level.toUpperCase()} ${record.category.slice(1).join(".")}: ${message}`;
  return [entry, stack, ""].filter((part) => part !== undefined).join("\n");
}

function plain(value: unknown): string {
  return value instanceof Error ? value.message : typeof value === "string" ? value : JSON.stringify(value);
}
