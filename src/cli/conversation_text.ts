/** Messages of a task's conversation as text for people. */
import { actorName } from "../domain/actor.ts";
import type { ConversationMessage } from "../protocol/conversation_messages.ts";
import { localDateTime } from "./local_time.ts";
import type { Terminal } from "./terminal.ts";
import { clean, oneLine } from "./text.ts";

/** Who says it: `you`, `agent`, `review`, `agent 'build'`. */
function speakerOf({ role, source, by }: ConversationMessage): string {
  if (role === "agent") return "agent";
  if (source === "task" || source === "message") {
    return by === undefined || by.kind === "anonymous" || by.kind === "owner"
      ? "you"
      : oneLine(actorName(by));
  }
  return source;
}

/** A head with who said it and when, then the text, indented. */
export function messageLines(message: ConversationMessage, terminal: Terminal): string[] {
  const { id, turn, at, state, text, attached_files = [] } = message;
  const about = [id, `turn ${turn}`, localDateTime(at), state === "delivered" ? "" : WORDS[state]];
  const head = `  ${terminal.paint(speakerOf(message), "bold")}  ${
    terminal.paint(about.filter(Boolean).join("  "), "dim")
  }`;
  const files = attached_files.map(({ name }) => `    with ${oneLine(name)}`);
  return [head, clean(text).trimEnd().replace(/^/gm, "    "), ...files];
}

const WORDS = { queued: "waits", withdrawn: "withdrawn" };
