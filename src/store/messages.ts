/**
 * The messages of the tasks' conversations, by task and number. Kept only in the store, because they are requested for one
 * task at a time. An agent's message is stored in one value, at the end of its turn. A user's message is stored when it is sent;
 * its text has keys of its own, so that it is not written again with each change of the message's state.
 */
import { joinedBytes } from "../domain/bytes.ts";
import { StoredMessage, type TurnRecord, type WaitingMessage } from "../domain/message.ts";
import { stored } from "../domain/stored.ts";
import { ApiError } from "../domain/errors.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored } from "./stored_values.ts";
import { textValue, valueOfText } from "./text_value.ts";
import { parted } from "./value_parts.ts";

export const MESSAGES: Key = ["message"];
const MESSAGE_TEXTS: Key = ["message_text"];

/** A message of a conversation that has more than this many loses its oldest. */
const MESSAGES_KEPT = 2000;
/** The most keys of one text. */
const PARTS_MAX = 5;
/** Entries per read. An agent's message has up to 62 KB. */
const BATCH = 20;

export const STORED_MESSAGE = stored("message", StoredMessage);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Entry = { key: Key; value: Uint8Array };

export interface Message extends StoredMessage {
  number: number;
  text: string;
}

function keyOf(task_id: string, number: number): Key {
  return [...MESSAGES, task_id, number];
}

function textKey(task_id: string, number: number, part: number): Key {
  return [...MESSAGE_TEXTS, task_id, number, part];
}

/** How many values a text takes. */
export function partsOf(text: string): number {
  return parted(encoder.encode(text)).length;
}

/** A user's message without its text, in the state that it has now. */
export function userMessage(
  task_id: string,
  { number, source, by, at, parts, attachments }: WaitingMessage,
  now: { turn: number; attempt: number; state: StoredMessage["state"] },
): Entry {
  return storedMessage(task_id, number, { role: "user", source, by, at, parts, attachments, ...now });
}

/** The text of a user's message. */
export function userText(task_id: string, number: number, text: string): Entry[] {
  return parted(encoder.encode(text)).map((value, part) => ({ key: textKey(task_id, number, part), value }));
}

/** The agent's message at the end of a turn. */
export function agentMessage(task_id: string, number: number, record: TurnRecord): Entry {
  const { ended_at, output, ...rest } = record;
  return storedMessage(task_id, number, { role: "agent", at: ended_at, state: "delivered", ...rest }, output);
}

/** A message as it is stored: a user's without its text, an agent's with it. What is too long about it is left out. */
export function storedMessage(task_id: string, number: number, message: StoredMessage, text = ""): Entry {
  const { usage: _usage, warnings: _warnings, left_running: _left, checks: _checks, by: _by, ...least } =
    message;
  return { key: keyOf(task_id, number), value: textValue(message, least, text) };
}

/** The keys of the message that leaves the conversation when this one is stored, unless it still waits. */
export function forgottenMessage(
  task_id: string,
  number: number,
  waiting: readonly { number: number }[] = [],
): Key[] {
  const old = number - MESSAGES_KEPT;
  if (old < 2 || waiting.some((one) => one.number === old)) return [];
  return [
    keyOf(task_id, old),
    ...Array.from({ length: PARTS_MAX }, (_, part) => textKey(task_id, old, part)),
  ];
}

export class Messages {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** The messages after this number, or, newest first, those before it. At most `limit`, without users' texts. */
  async *list(
    task_id: string,
    { after, before, reverse, limit }: { after?: number; before?: number; reverse?: boolean; limit?: number },
  ): AsyncGenerator<Message> {
    const prefix = [...MESSAGES, task_id];
    const start = keyOf(task_id, (after ?? 0) + 1);
    const end = keyOf(task_id, before ?? Number.MAX_SAFE_INTEGER);
    for await (const { key, value } of this.#kv.list({ prefix, start, end, reverse, limit, batch: BATCH })) {
      const number = key[2] as number;
      yield { number, ...decodeMessage(task_id, number, value) };
    }
  }

  async get(task_id: string, number: number): Promise<Message | undefined> {
    const found = await this.#kv.get(keyOf(task_id, number));
    return found && { number, ...decodeMessage(task_id, number, found.value) };
  }

  /** The text of a user's message. Throws `DATABASE_ERROR` if it is not there. */
  async text(task_id: string, { number, parts }: { number: number; parts: number }): Promise<string> {
    const values = await Promise.all(
      Array.from({ length: parts }, (_, part) => this.#kv.get(textKey(task_id, number, part))),
    );
    if (values.some((value) => value === undefined)) {
      throw new ApiError("DATABASE_ERROR", `The text of message ${number} of task '${task_id}' is gone`, {
        task_id,
        number,
      });
    }
    return decoder.decode(joinedBytes(values.map((value) => value!.value)));
  }

  /** The keys of all messages of a task whose last has this number. */
  async keysOf(task_id: string, last: number): Promise<Key[]> {
    // Most tasks have the agent's answer and no more.
    if (last <= 2) return last === 2 ? [keyOf(task_id, 2)] : [];
    const keys: Key[] = [];
    for await (const { number, parts = 0 } of this.list(task_id, {})) {
      keys.push(keyOf(task_id, number));
      for (let part = 0; part < parts; part++) keys.push(textKey(task_id, number, part));
    }
    return keys;
  }
}

/** A message as it is stored: the text of an agent's message is with it. */
export function decodeMessage(
  task_id: string,
  number: number,
  value: Uint8Array,
): StoredMessage & { text: string } {
  const record = `message ${number} of task '${task_id}'`;
  const { head, text } = valueOfText(value);
  return { ...decodeStored(STORED_MESSAGE, record, head), text };
}
