/** An agent's permission requests while its task is followed: a key answers them in a terminal. */
import type { Client } from "../client/client.ts";
import { ApiError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import { type Cli, describeError } from "./cli.ts";
import { type OpenPermission, openPermissions } from "./task_view.ts";
import { oneLine } from "./text.ts";

export class Questions {
  readonly #seen = new Set<string>();
  readonly #waiting: OpenPermission[] = [];
  readonly #canAnswer: boolean;
  #asking = false;
  #closed = false;

  constructor(
    private readonly cli: Cli,
    private readonly client: Client,
    private readonly task_id: string,
    private readonly quiet: boolean,
  ) {
    this.#canAnswer = !quiet && cli.terminal.isTerminal && Deno.stdin.isTerminal();
  }

  /** Those a task has open already. */
  open(task: Task): void {
    for (const request of openPermissions(task)) this.ask(request);
  }

  ask({ permission_id, title }: OpenPermission): void {
    if (this.quiet || this.#seen.has(permission_id)) return;
    this.#seen.add(permission_id);
    const { terminal } = this.cli;
    terminal.line(terminal.paint(`The agent asks: ${oneLine(title)}`, "yellow", "bold"));
    if (!this.#canAnswer) {
      const answer = `${this.task_id} ${permission_id}`;
      return terminal.line(
        `answer with: opencode-agents allow ${answer}   or: opencode-agents deny ${answer}`,
      );
    }
    terminal.line("allow it? y/n");
    this.#waiting.push({ permission_id, title });
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
          return this.cli.terminal.line("no more input; answer with `opencode-agents allow`");
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

  async #answer(permission_id: string, decision: "allow" | "deny"): Promise<void> {
    const { terminal } = this.cli;
    try {
      await this.client.request("respond_to_permission", { task_id: this.task_id, permission_id, decision });
      terminal.line(decision === "allow" ? "allowed" : "denied");
    } catch (error) {
      // Answered by somebody else, or too late.
      terminal.line(error instanceof ApiError ? describeError(error) : String(error));
    }
  }
}

/** Keys come one by one and unseen; Ctrl-C stays a signal. */
function setEcho(echo: boolean): void {
  Deno.stdin.setRaw(!echo, Deno.build.os === "windows" ? undefined : { cbreak: true });
}

async function readKey(): Promise<string | undefined> {
  const buffer = new Uint8Array(16);
  const count = await Deno.stdin.read(buffer);
  return count === null
    ? undefined
    : new TextDecoder().decode(buffer.subarray(0, count)).trim().toLowerCase()[0] ?? "";
}
