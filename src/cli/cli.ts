/** What every command has: a terminal, a clock, a server, the flags common to all. */
import type { Command } from "commander";
import { type Client, connect, type ConnectionChange } from "../client/client.ts";
import { HttpClient } from "../client/http.ts";
import { type Clock, sleep } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { connectionLimit } from "./connection_limit.ts";
import { findServer, type ServerChoice } from "./find_server.ts";
import type { Terminal } from "./terminal.ts";

export interface CommonFlags extends ServerChoice {
  json?: boolean;
}

export const EXIT = { done: 0, failed: 1, usage: 2, cancelled: 130, terminated: 143 } as const;

/** A server's limits on connections pass within a minute; somebody else may take the place that became free. */
const CONNECT_PATIENCE_MS = 150_000;
/** A server that is away for longer than an update of its machine takes is not waited for: a script would hang. */
const SERVER_PATIENCE_MS = 600_000;

export class Cli {
  /** What the program ends with. */
  exit = 0;
  constructor(readonly terminal: Terminal, readonly clock: Clock) {}

  /** A command that speaks to a server. */
  command(program: Command, usage: string, description: string): Command {
    return program.command(usage).description(description)
      .option("--url <url>", "the server's address (default: OPENCODE_AGENTS_URL, else as --data)")
      .option(
        "--data <dir>",
        "the server on this data folder (default: OPENCODE_AGENTS_DATA, else the usual)",
      )
      .option("--key <key>", "an API key (default: OPENCODE_AGENTS_KEY, else as the data folder's owner)")
      .option("--json", "print JSON, errors too");
  }

  /** For single questions. */
  // deno-lint-ignore require-await -- what is wrong with the flags comes as a rejection, like all else
  async asker(flags: CommonFlags): Promise<HttpClient & { readonly url: string }> {
    const { url, api_key } = findServer(flags);
    return Object.assign(new HttpClient(url, { clock: this.clock, api_key: api_key() }), { url });
  }

  /** For listening. Waits for a place when the server's limits allow no connection now. The caller closes it. */
  async listener(flags: CommonFlags, changed?: (change: ConnectionChange) => void): Promise<Client> {
    const { url, api_key } = findServer(flags);
    const { clock, terminal } = this;
    const deadline = clock.monotonic() + CONNECT_PATIENCE_MS;
    while (true) {
      try {
        return await connect(url, {
          clock,
          api_key,
          patience_ms: SERVER_PATIENCE_MS,
          changed: changed ?? ((change) => this.#tell(url, change)),
        });
      } catch (error) {
        const limit = await connectionLimit(url, clock);
        if (!limit) throw error;
        const seconds = Math.max(1, Number(limit.details.retry_after_seconds) || 1);
        if (clock.monotonic() + seconds * 1000 > deadline) throw limit;
        terminal.note(
          `the server takes no further connection now (limits.${limit.details.limit}); trying again in ${seconds} s`,
        );
        await sleep(clock, seconds * 1000);
      }
    }
  }

  #tell(url: string, change: ConnectionChange): void {
    if (change.state !== "lost" || change.final) return;
    this.terminal.note(`connection to ${url} lost (${change.reason.message}); trying again`);
  }
}

/** An expected failure for people: the code, the message, and what to do about it. */
export function describeError(error: ApiError): string {
  const lines = [`error ${error.code}: ${error.message}`, ...advice(error)];
  return lines.join("\n");
}

function advice({ code, message, details }: ApiError): string[] {
  if (code === "CONNECTION_LOST" && details.sent !== true) {
    return [
      "Is a server running? Start one with `opencode-agents serve`, or name another with --url, --data or OPENCODE_AGENTS_URL.",
    ];
  }
  if (code === "RATE_LIMIT_EXCEEDED" && details.retry_after_seconds !== undefined) {
    return [`Try again in ${details.retry_after_seconds} s (limits.${details.limit}).`];
  }
  if (code === "AUTHENTICATION_REQUIRED" || code === "INVALID_AUTH_TOKEN") {
    return ["Name a key with --key or OPENCODE_AGENTS_KEY; `opencode-agents keys create` makes one."];
  }
  if (code === "TASK_NOT_FOUND") return ["`opencode-agents tasks` lists the tasks."];
  if (code === "PROCESS_NOT_FOUND") return ["`opencode-agents ps` lists the agents' processes."];
  if (code === "PROCESS_PERMISSION_DENIED") {
    return ["Only agents and their processes can be ended from here."];
  }
  if (code === "SERVICE_UNAVAILABLE" && details.permission !== undefined) {
    return [`Start the server with ${details.permission}.`];
  }
  const lines = [];
  const { current_status, expected } = details;
  const words = Array.isArray(expected) ? expected.join(", ") : String(expected);
  // Many messages name both themselves.
  if (current_status !== undefined && !message.includes(`it is ${current_status}`)) {
    lines.push(`It is ${current_status}.`);
  }
  if (expected !== undefined && details.pid === undefined && !message.includes(words)) {
    lines.push(`Expected: ${words}.`);
  }
  if (details.suggestion !== undefined) lines.push(`Did you mean ${details.suggestion}?`);
  return lines;
}
