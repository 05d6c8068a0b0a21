/** What an agent asks while its task is followed. In a terminal, a key answers a permission request. */
import type { Client } from "../../client/client.ts";
import { ApiError } from "../../domain/errors.ts";
import { askedText } from "../../domain/asked_words.ts";
import type { PermissionDecision, PermissionRequest } from "../../domain/permission_request.ts";
import type { Question } from "../../domain/question.ts";
import type { Task } from "../../domain/task.ts";
import { fieldLines } from "../answer_values.ts";
import { describeError } from "../error_text.ts";
import type { ServerChoice } from "../find_server.ts";
import { ownCommand } from "../own_command.ts";
import { openPermissions, openQuestions } from "../task_text.ts";
import { requestLines } from "../request_text.ts";
import type { Terminal } from "../terminal.ts";
import { oneLine } from "../text.ts";

type Asked = Pick<PermissionRequest, "permission_id" | "title" | "tool_call" | "remembers">;

export class Questions {
  readonly #terminal: Terminal;
  readonly #client: Client;
  readonly #task_id: string;
  /** Whether to neither show nor answer requests. */
  readonly #quiet: boolean;
  readonly #server: ServerChoice;
  readonly #canAnswer: boolean;
  readonly #seen = new Set<string>();
  readonly #waiting: Asked[] = [];
  #asking = false;
  #closed = false;

  constructor(terminal: Terminal, client: Client, task_id: string, quiet: boolean, server: ServerChoice) {
    this.#terminal = terminal;
    this.#client = client;
    this.#task_id = task_id;
    this.#quiet = quiet;
    this.#server = server;
    this.#canAnswer = !quiet && terminal.isTerminal && Deno.stdin.isTerminal();
  }

  /** Asks about the task's open requests, and shows its open questions. */
  askOpen(task: Task): void {
    for (const request of openPermissions(task)) this.ask(request);
    for (const question of openQuestions(task)) this.show(question);
  }

  /** Shows a question and how to answer it, once. */
  show(question: Pick<Question, "question_id" | "message" | "schema" | "url">): void {
    const { question_id, message, schema } = question;
    if (this.#quiet || this.#seen.has(question_id)) return;
    this.#seen.add(question_id);
    const terminal = this.#terminal;
    terminal.line(terminal.paint(`The agent asks: ${oneLine(message)}`, "yellow", "bold"));
    for (const line of fieldLines(question)) terminal.line(line);
    const value = schema === undefined ? "done" : "VALUE";
    const which = `${this.#task_id} --question ${question_id}`;
    const answer = ownCommand(`answer ${which} ${value}`, this.#server);
    terminal.line(`answer with: ${answer}   or: … answer ${which} --decline`);
  }

  /** Asks about a request, once. */
  ask(asked: Asked): void {
    const { permission_id } = asked;
    if (this.#quiet || this.#seen.has(permission_id)) return;
    this.#seen.add(permission_id);
    const terminal = this.#terminal;
    terminal.line(terminal.paint(`The agent asks: ${oneLine(askedText(asked))}`, "yellow", "bold"));
    if (!this.#canAnswer) {
      const [allow, deny] = ["allow", "deny"].map((word) =>
        ownCommand(`${word} ${this.#task_id} ${permission_id}`, this.#server)
      );
      return terminal.line(`answer with: ${allow}   or: ${deny}`);
    }
    for (const line of requestLines(asked).slice(1)) terminal.line(line);
    terminal.line("allow it? y/n");
    this.#waiting.push(asked);
    if (!this.#asking) void this.#answerAll();
  }

  close(): void {
    this.#closed = true;
    if (this.#asking) setEcho(true);
  }

  async #answerAll(): Promise<void> {
    this.#asking = true;
    setEcho(false);
    try {
      while (this.#waiting.length > 0 && !this.#closed) {
        const key = await readKey();
        if (this.#closed) return;
        if (key === undefined) {
          return this.#terminal.line("no more input; answer with `opencode-agents allow`");
        }
        if (key !== "y" && key !== "n") continue;
        const { permission_id } = this.#waiting.shift()!;
        await this.#answer(permission_id, key === "y" ? "allow" : "deny");
      }
    } finally {
      this.#asking = false;
      if (!this.#closed) setEcho(true);
    }
  }

  async #answer(permission_id: string, decision: PermissionDecision): Promise<void> {
    const task_id = this.#task_id;
    try {
      await this.#client.request("respond_to_permission", { task_id, permission_id, decision });
      this.#terminal.line(decision === "allow" ? "allowed" : "denied");
    } catch (error) {
      // Someone else has answered, or the time is up.
      this.#terminal.line(error instanceof ApiError ? describeError(error) : String(error));
    }
  }
}

/** Without echo, keys arrive one by one. Ctrl-C stays a signal. */
function setEcho(echo: boolean): void {
  Deno.stdin.setRaw(!echo, Deno.build.os === "windows" ? undefined : { cbreak: true });
}

/** The first typed character, in lower case; undefined at the end of input. */
async function readKey(): Promise<string | undefined> {
  const buffer = new Uint8Array(16);
  const count = await Deno.stdin.read(buffer);
  if (count === null) return undefined;
  return new TextDecoder().decode(buffer.subarray(0, count)).trim().toLowerCase()[0] ?? "";
}
