/** Asks the person at the terminal what an agent asks, one request at a time. */
import type { Requester } from "../client/replies.ts";
import { ApiError } from "../protocol/errors.ts";
import type { Pushes } from "../protocol/pushes.ts";
import type { Cli } from "./context.ts";
import { styled } from "./style.ts";
import { cut, oneLine } from "./screen.ts";

/** A request as the push brings it, or as the task shows it. */
export type OpenPermission = Omit<Pushes["permission_request"], "type" | "task_id" | "timestamp">;

/** What the tool is given, in one line. */
const INPUT_MAX = 300;

export class PermissionDialog {
  readonly #cli: Cli;
  readonly #server: Requester;
  readonly #task_id: string;
  readonly #print: (line: string) => void;
  readonly #seen = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

  constructor(cli: Cli, server: Requester, task_id: string, print: (line: string) => void) {
    this.#cli = cli;
    this.#server = server;
    this.#task_id = task_id;
    this.#print = print;
  }

  /** Shows a request once and, where a person can answer, asks. Does not wait for the answer. */
  open(request: OpenPermission): void {
    if (this.#seen.has(request.permission_id)) return;
    this.#seen.add(request.permission_id);
    this.#queue = this.#queue.then(() => this.#ask(request));
  }

  async #ask(request: OpenPermission): Promise<void> {
    const { terminal } = this.#cli;
    this.#print(styled(terminal, "yellow", `? The agent asks: ${oneLine(request.title)}`));
    const input = JSON.stringify(request.tool_call.raw_input ?? request.tool_call);
    this.#print(styled(terminal, "dim", `  ${cut(oneLine(input), INPUT_MAX)}`));
    if (!terminal.canAsk) {
      this.#print(
        `  Nobody can answer here; it is denied at ${request.expires_at} unless another client answers.`,
      );
      return;
    }
    const always = request.options.find((option) => option.kind === "allow_always");
    const keys = always ? "y = yes, a = always, n = no" : "y = yes, n = no";
    while (true) {
      this.#print(`  Allow it? (${keys})`);
      const line = await terminal.readLine();
      if (line === undefined) return;
      const key = line.trim().toLowerCase()[0];
      if (key === "y" || key === "n") return await this.#answer(request, key === "y" ? "allow" : "deny");
      if (key === "a" && always) return await this.#answer(request, "allow", always.option_id);
    }
  }

  async #answer(request: OpenPermission, decision: "allow" | "deny", option_id?: string): Promise<void> {
    try {
      await this.#server.request("respond_to_permission", {
        task_id: this.#task_id,
        permission_id: request.permission_id,
        ...(option_id === undefined ? { decision } : { option_id }),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Too late, or somebody else was faster: the task goes on, and so does following it.
      this.#print(`  ${error.code}: ${error.message}`);
    }
  }
}
