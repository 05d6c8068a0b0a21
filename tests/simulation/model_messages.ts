/** What is promised of messages, plainly: none is lost, doubled, withdrawn in vain or passed by a later one. */
import type { Key } from "../../src/store/kv/kv.ts";
import type { TaskState } from "../../src/domain/task_record.ts";

interface Known {
  task_id: string;
  number: number;
  text: string | undefined;
  role: string;
  source: string;
  state: string;
  turn: number;
  attempt: number;
  /** The sessions that were told it. */
  told: string[];
}

const decoder = new TextDecoder();

export class MessageModel {
  readonly #messages = new Map<string, Known>();
  readonly #texts = new Map<string, Known>();
  readonly #fail: (message: string) => void;

  constructor(fail: (message: string) => void) {
    this.#fail = fail;
  }

  /** What a commit has stored of messages. */
  committed(sets: readonly { key: Key; value: Uint8Array }[]): void {
    for (const { key, value } of sets) {
      const [kind, task, number] = key;
      if (kind === "message") {
        this.#stored(String(task), Number(number), decoder.decode(value).split("\n")[0]!);
      }
    }
    for (const { key, value } of sets) {
      if (key[0] !== "message_text") continue;
      const known = this.#messages.get(`${key[1]} ${key[2]}`);
      if (!known) return this.#fail(`task ${key[1]}: a text without its message`);
      known.text = decoder.decode(value);
      this.#texts.set(`${known.task_id} ${known.text}`, known);
    }
  }

  #stored(task_id: string, number: number, head: string): void {
    const [, { role, source, state, turn, attempt }] = JSON.parse(head) as [number, Known];
    const name = `${task_id} ${number}`;
    const known = this.#messages.get(name);
    if (known && (known.role === "agent" || known.state !== "queued" || state === "queued")) {
      this.#fail(
        `task ${task_id}: message ${number} was ${known.role}'s and ${known.state}, and is stored again`,
      );
    }
    if (!known && role === "agent") {
      for (const other of this.#messages.values()) {
        if (other.task_id !== task_id || other.role !== role || other.turn !== turn) continue;
        if (other.attempt === attempt) this.#fail(`task ${task_id}: turn ${turn} is answered twice`);
      }
    }
    const now = { task_id, number, role, source, state, turn, attempt };
    if (known) Object.assign(known, now);
    else this.#messages.set(name, { ...now, text: undefined, told: [] });
  }

  /** A task is gone with its conversation. */
  removed(task_id: string): void {
    for (const [name, one] of this.#messages) if (one.task_id === task_id) this.#messages.delete(name);
  }

  /** An agent is told something in a session. */
  told(task_id: string, text: string, session: string): void {
    const known = this.#texts.get(`${task_id} ${text}`);
    if (known === undefined) return;
    const { number, state, source } = known;
    if (state !== "delivered") this.#fail(`task ${task_id}: message ${number} is told and ${state}`);
    if (known.told.includes(session)) {
      this.#fail(`task ${task_id}: message ${number} is told twice in a session`);
    }
    if (known.told.length === 0 && !text.startsWith("now ") && source !== "check") {
      for (const other of this.#messages.values()) {
        const isBefore = other.task_id === task_id && other.number < number && other.state === "queued";
        if (isBefore && other.role === "user" && other.text?.startsWith("next ")) {
          this.#fail(`task ${task_id}: message ${number} passes ${other.number}`);
        }
      }
    }
    known.told.push(session);
  }

  /** A message was acknowledged. */
  sent(task_id: string, message_id: string, text: string): void {
    const known = this.#messages.get(`${task_id} ${message_id.slice(1)}`);
    if (known?.text !== text) {
      this.#fail(`task ${task_id}: message ${message_id} was acknowledged and is lost`);
    }
  }

  /** All has come to rest: what waits, waits in a task that does not go on by itself. */
  atRest(tasks: ReadonlyMap<string, { state: TaskState }>): void {
    for (const { task_id, number, role, state, told } of this.#messages.values()) {
      const task = tasks.get(task_id)?.state;
      if (!task || role !== "user") continue;
      const waits = task.waiting?.some((one) => one.number === number) === true;
      if (waits !== (state === "queued")) {
        this.#fail(`task ${task_id}: message ${number} is ${state}, and lost`);
      }
      if (waits && task.status === "completed") {
        this.#fail(`task ${task_id} is completed, and ${number} waits`);
      }
      const isOpen = task.prompt?.message?.number === number && task.status !== "completed";
      if (state === "delivered" && told.length === 0 && !isOpen) {
        this.#fail(`task ${task_id}: message ${number} was never told`);
      }
    }
  }
}
