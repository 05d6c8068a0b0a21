/** The options of every command that speaks to a server, and the way to it. */
import type { Command } from "commander";
import { type Client, type ClientOptions, connect } from "../client/client.ts";
import { HttpClient } from "../client/http.ts";
import type { Requester } from "../client/replies.ts";
import { ApiError } from "../protocol/errors.ts";
import type { Cli } from "./cli.ts";
import { type AddressOptions, findServer, type FoundAddress } from "./server_address.ts";

export interface ServerOptions extends AddressOptions {
  json?: boolean;
}

export function withServerOptions(command: Command): Command {
  return command
    .option("--url <url>", "address of the server (OPENCODE_AGENTS_URL; else as left in its data folder)")
    .option("--data <dir>", "the server's data folder, where its address is (OPENCODE_AGENTS_DATA)")
    .option("--json", "print JSON for programs");
}

/**
 * The server, asked over HTTP: a socket for each command would soon meet the limit on reconnections.
 * Its errors say how to start a server when there is none.
 */
export async function serverOf(cli: Cli, options: ServerOptions): Promise<Requester> {
  const found = await findServer(options, cli.env);
  const http = new HttpClient(found.url, { clock: cli.clock });
  return {
    request: (type, ...args) =>
      http.request(type, ...args).catch((error) => {
        throw withHint(error, found);
      }),
  };
}

/** A connection for what must be pushed; it waits when the server limits connections just now. */
export async function connectTo(cli: Cli, options: ServerOptions, more: ClientOptions): Promise<Client> {
  const { url } = await findServer(options, cli.env);
  return await connect(url, { clock: cli.clock, persist: true, ...more });
}

function withHint(error: unknown, { url, source }: FoundAddress): unknown {
  if (!(error instanceof ApiError) || error.code !== "CONNECTION_LOST" || error.details.sent) return error;
  return new ApiError("CONNECTION_LOST", `No server answers at ${url} (address from ${source})`, {
    ...error.details,
    hint: [
      "Start one with `opencode-agents serve` (or `opencode-agents serve --demo` to look around),",
      "or name another with --url or OPENCODE_AGENTS_URL.",
    ],
  });
}
