/** What all commands share: a terminal, a clock, access to the server, and the common options. */
import type { Command } from "commander";
import { type Client, connect, type ConnectionChange } from "../client/client.ts";
import { HttpClient } from "../client/http.ts";
import { type Clock, sleep } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { path } from "./options.ts";
import { findServer, type ServerChoice } from "./find_server.ts";
import type { Terminal } from "./terminal.ts";

export interface CommonFlags extends ServerChoice {
  tenant?: string;
  json?: boolean;
}

/** A limit on connections passes within a minute, but another client may take the free place first. */
const CONNECT_PATIENCE_MS = 150_000;
/** How long to wait for a lost server. Longer than an update of its machine takes; unbounded, a script would hang. */
const SERVER_PATIENCE_MS = 600_000;

export class Cli {
  /** The program's exit code. */
  exit = 0;
  constructor(readonly terminal: Terminal, readonly clock: Clock) {}

  /** Adds a command that talks to a server. */
  command(program: Command, usage: string, description: string): Command {
    return program.command(usage).description(description)
      .option("--url <url>", "the server's address (default: OPENCODE_AGENTS_URL, else from --data)")
      .option(
        "--data <dir>",
        "the server on this data folder (default: OPENCODE_AGENTS_DATA, else the usual)",
        path,
      )
      .option("--key <key>", "an API key (default: OPENCODE_AGENTS_KEY, else the data folder owner's token)")
      .option("--ca <file>", "trust the certificates of this authority (PEM) for the server at --url", path)
      .option(
        "--tenant <name>",
        "the tenant that it is about, for the owner (default: `default`; `*`: all, in lists)",
      )
      .option("--json", "print JSON, including errors");
  }

  /** The server's address. */
  address(flags: CommonFlags): string {
    return findServer(flags).url;
  }

  /** The server for single requests. */
  http(flags: CommonFlags): HttpClient {
    const { url, api_key, network } = findServer(flags);
    return new HttpClient(url, { clock: this.clock, api_key: api_key(), network, tenant: flags.tenant });
  }

  /**
   * Opens a connection for pushes, which the caller closes. If the server's limits allow no connection now, waits until
   * they do. `changed` replaces the notes about lost connections.
   */
  async connect(flags: CommonFlags, changed?: (change: ConnectionChange) => void): Promise<Client> {
    const { url, api_key, network } = findServer(flags);
    const { clock, terminal } = this;
    const deadline = clock.monotonic() + CONNECT_PATIENCE_MS;
    while (true) {
      try {
        return await connect(url, {
          clock,
          api_key,
          network,
          tenant: flags.tenant,
          patience_ms: SERVER_PATIENCE_MS,
          changed: changed ?? ((change) => this.#noteLoss(change)),
        });
      } catch (error) {
        if (!(error instanceof ApiError) || error.details.limit === undefined) throw error;
        const seconds = Math.max(1, Number(error.details.retry_after_seconds) || 1);
        if (clock.monotonic() + seconds * 1000 > deadline) throw error;
        terminal.note(
          `the server takes no further connection now (limits.${error.details.limit}); trying again in ${seconds} s`,
        );
        await sleep(clock, seconds * 1000);
      }
    }
  }

  #noteLoss(change: ConnectionChange): void {
    if (change.state !== "lost" || change.final) return;
    this.terminal.note(`${change.reason.message}; trying again`);
  }
}
