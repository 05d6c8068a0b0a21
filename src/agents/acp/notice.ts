/** What an agent tells its user beside its answer, such as a warning. Pure. */
import type { LogLevel } from "../../domain/log_entry.ts";
import { objectOf, textOf } from "./wire_value.ts";

export interface Notice {
  level: LogLevel;
  text: string;
}

/** The protocol's severity → the level of the entry. */
const LEVELS: Record<string, LogLevel> = { info: "info", warning: "warn", error: "error" };

/** The notice in a `notice` update; undefined for any other. */
export function noticeOf(update: Record<string, unknown>): Notice | undefined {
  if (update.sessionUpdate !== "notice") return undefined;
  const text = [update.title, update.description].flatMap((part) => textOf(part) ?? []).join(": ");
  return text === "" ? undefined : { level: LEVELS[String(update.severity)] ?? "warn", text };
}

/** The text of a chunk of the agent's message; undefined for any other update. */
export function messageText(update: Record<string, unknown>): string | undefined {
  if (update.sessionUpdate !== "agent_message_chunk") return undefined;
  return textOf(objectOf(update.content)?.text);
}
