/**
 * The agent's stdio as a stream of JSON-RPC messages. It survives any program at the other end: lines have a bound,
 * garbage is reported and skipped, and a reply without a request is dropped. Session updates are handled here, one by
 * one, before the next message is read. So the prompt's result always comes after the updates of its turn, and a slow
 * listener slows the agent down instead of filling our memory.
 */
import type { AnyMessage, Stream } from "@agentclientprotocol/sdk";
import { messageLines } from "./message_lines.ts";
import { objectOf } from "./wire_value.ts";

/** Lines are long because tool calls contain files. A longer line means that the agent is broken. */
const LONGEST_MESSAGE_BYTES = 16 << 20;

/** The agent's notifications that the connection takes: a request withdrawn, and a page that has done its work. */
const HEARD = ["$/cancel_request", "elicitation/complete"];

export interface StreamListener {
  /** Called for whatever arrives, also in the middle of a message. */
  onBytes(chunk: Uint8Array): void;
  /** The `params` of one `session/update`. */
  update(params: Record<string, unknown>): Promise<void>;
  /** The reply to a prompt has come. Called before what the agent has sent after it is read. */
  promptAnswered(): void;
  /** A notification other than `session/update`. */
  notice(method: string, params: Record<string, unknown>): Promise<void>;
  /** A line on stdout that is not a message we can use, and why. */
  junk(line: string, why: string): Promise<void>;
}

export function acpStream(
  stdin: WritableStream<Uint8Array>,
  stdout: ReadableStream<Uint8Array>,
  listener: StreamListener,
): Stream {
  /** The methods of open requests, by their ids. */
  const unanswered = new Map<unknown, string>();
  const reading = new AbortController();
  const lines = messageLines(stdout, {
    max_bytes: LONGEST_MESSAGE_BYTES,
    signal: reading.signal,
    onBytes: (chunk) => listener.onBytes(chunk),
  });
  const readable = new ReadableStream<AnyMessage>({
    async pull(controller) {
      for (;;) {
        const next = await lines.next();
        if (next.done) return controller.close();
        const message = await take(next.value, unanswered, listener);
        if (message !== undefined) return controller.enqueue(message);
      }
    },
    cancel() {
      reading.abort();
    },
  }, { highWaterMark: 0 });

  const encoder = new TextEncoder();
  const writable = new WritableStream<AnyMessage>({
    async write(message) {
      if ("method" in message && "id" in message) unanswered.set(message.id, message.method);
      // The lock is released at once, so that the supervisor can close stdin to end the process.
      const writer = stdin.getWriter();
      const written = writer.write(encoder.encode(JSON.stringify(message) + "\n"));
      writer.releaseLock();
      await written;
    },
  });
  return { readable, writable };
}

/** Returns a message for the connection; handles everything else. */
async function take(
  line: string,
  unanswered: Map<unknown, string>,
  listener: StreamListener,
): Promise<AnyMessage | undefined> {
  if (line.trim() === "") return undefined;
  let message: Record<string, unknown> | undefined;
  try {
    message = objectOf(JSON.parse(line));
  } catch {
    // Not JSON. Reported below like any other line that is not a message.
  }
  if (message?.jsonrpc !== "2.0") return void await listener.junk(line, "not an ACP message");
  if ("method" in message) {
    if (message.method === "session/update") {
      const params = objectOf(message.params);
      if (params !== undefined) await listener.update(params);
      return undefined;
    }
    const method = String(message.method);
    if ("id" in message || HEARD.includes(method)) return message as unknown as AnyMessage;
    await listener.notice(method, objectOf(message.params) ?? {});
    return undefined;
  }
  const method = unanswered.get(message.id);
  if (!unanswered.delete(message.id)) return void await listener.junk(line, "answers no open request");
  if (method === "session/prompt") listener.promptAnswered();
  return message as unknown as AnyMessage;
}
