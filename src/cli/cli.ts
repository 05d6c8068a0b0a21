/** What every command has: a terminal, a clock, a server, the flags common to all. */
import type { Command } from "commander";
import { type Client, connect } from "../client/client.ts";
import { HttpClient } from "../client/http.ts";
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";
import { serverUrl } from "./find_server.ts";
import type { Terminal } from "./terminal.ts";

export interface CommonFlags {
  url?: string;
  json?: boolean;
}

export const EXIT = { done: 0, failed: 1, usage: 2, cancelled: 130, terminated: 143 } as const;

export class Cli {
  /** What the program ends with. */
  exit = 0;
  constructor(readonly terminal: Terminal, readonly clock: Clock) {}

  /** A command that speaks to a server. */
  command(program: Command, usage: string, description: string): Command {
    return program.command(usage).description(description)
      .option("--url <url>", "the server's address")
      .option("--json", "print JSON");
  }

  /** For single questions. */
  async asker(flags: CommonFlags): Promise<HttpClient & { readonly url: string }> {
    const url = await serverUrl(flags.url);
    return Object.assign(new HttpClient(url, { clock: this.clock }), { url });
  }

  /** For listening. The caller closes it. */
  async listener(flags: CommonFlags): Promise<Client> {
    const url = await serverUrl(flags.url);
    const { terminal } = this;
    return await connect(url, {
      clock: this.clock,
      changed: (change) => {
        if (change.state === "lost" && !change.final) {
          terminal.note(`connection to ${url} lost (${change.reason.message}); trying again`);
        }
      },
    });
  }
}

/** An expected failure for people: the code, the message, and what to do about it. */
export function describeError(error: ApiError): string {
  const lines = [`error ${error.code}: ${error.message}`, ...advice(error)];
  return lines.join("\n");
}

function advice({ code, details }: ApiError): string[] {
  if (code === "CONNECTION_LOST" && details.sent !== true) {
    return [
      "Is a server running? Start one with `opencode-agents serve`, or name another with --url or OPENCODE_AGENTS_URL.",
    ];
  }
  if (code === "RATE_LIMIT_EXCEEDED" && details.retry_after_seconds !== undefined) {
    return [`Try again in ${details.retry_after_seconds} s.`];
  }
  if (code === "TASK_NOT_FOUND") return ["`opencode-agents tasks` lists the tasks."];
  const lines = [];
  if (details.current_status !== undefined) lines.push(`It is ${details.current_status}.`);
  if (details.expected !== undefined && details.pid === undefined) {
    const { expected } = details;
    lines.push(`Expected: ${Array.isArray(expected) ? expected.join(", ") : String(expected)}.`);
  }
  if (details.suggestion !== undefined) lines.push(`Did you mean ${details.suggestion}?`);
  return lines;
}
