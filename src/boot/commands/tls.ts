/** `tls init`: a private authority and a certificate, for a server without a name of its own on the internet. */
import { hostname } from "node:os";
import { join } from "node:path";
import { Argument, type Command } from "commander";
import type { Cli } from "../../cli/cli.ts";
import { ApiError } from "../../domain/errors.ts";
import { storeCommand, type StoreFlags, storeFolder } from "./store_command.ts";

interface TlsFlags extends StoreFlags {
  name?: string[];
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** Browsers take no certificate that lasts longer. */
const SERVER_DAYS = 397;
/** What clocks may differ by. */
const SKEW_MS = 3_600_000;

const OWN_NAMES = ["localhost", "127.0.0.1", "::1"];
/** A certificate's common name holds no more. */
const HOST = /^(?=.{1,253}$)(?:[\da-f:.]+|(?:\*\.)?[\w-]{1,63}(?:\.[\w-]{1,63})*)$/i;

export function addTls(program: Command, cli: Cli): void {
  storeCommand(program, "tls", "TLS: make a private authority and a certificate for this server")
    .addArgument(new Argument("<action>").choices(["init"]))
    .option("--name <host...>", "the names and addresses by which clients reach it, besides localhost")
    .action(async (_action: "init", flags: TlsFlags) => {
      const folder = join(await storeFolder(flags), "tls");
      const { terminal, clock } = cli;
      const made = await init(folder, namesOf(flags.name ?? []), clock.now());
      if (flags.json) return terminal.json(made, 2);
      terminal.line(`${made.ca}: the authority; give it to clients (--ca FILE)`);
      terminal.line(`${made.cert}: the certificate, for ${made.names.join(", ")}, valid ${SERVER_DAYS} days`);
      terminal.line(`${made.key}: its key`);
      const { cert, key } = made;
      terminal.note(`put this into the configuration: ${JSON.stringify({ server: { tls: { cert, key } } })}`);
    });
}

function namesOf(given: readonly string[]): [string, ...string[]] {
  const names = given.map((name) => name.replace(/^\[|\]$/g, ""));
  const wrong = names.find((name) => !HOST.test(name));
  if (wrong !== undefined) {
    throw new ApiError("INVALID_FIELD_VALUE", `'${wrong}' is not the name or address of a host`, {
      field: "name",
      value: wrong,
      expected: "a host's name or address, without a port",
    });
  }
  const own = hostname();
  const all = names.length > 0 || !HOST.test(own) ? names : [own];
  return [...new Set([...all, ...OWN_NAMES])] as [string, ...string[]];
}

interface Made {
  ca: string;
  ca_key: string;
  cert: string;
  key: string;
  names: readonly string[];
}

/** Nothing is replaced: throws `CONFIGURATION_ERROR` if any of the files is there. */
async function init(folder: string, names: [string, ...string[]], now_ms: number): Promise<Made> {
  const place = {
    ca: join(folder, "ca.crt"),
    ca_key: join(folder, "ca.key"),
    cert: join(folder, "server.crt"),
    key: join(folder, "server.key"),
  };
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  for (const file of Object.values(place)) await refuseExisting(file);
  const { Authority } = await import("../issued_certificates.ts");
  const from_ms = now_ms - SKEW_MS;
  const authority = await Authority.create(`opencode-agents on ${hostname()}`.slice(0, 64), {
    from_ms,
    to_ms: now_ms + AUTHORITY_DAYS * DAY_MS,
  });
  const server = await authority.forServer(names, { from_ms, to_ms: now_ms + SERVER_DAYS * DAY_MS });
  await write(place.ca_key, await authority.key(), 0o600);
  await write(place.ca, authority.cert, 0o644);
  await write(place.key, server.key, 0o600);
  await write(place.cert, server.cert, 0o644);
  return { ...place, names };
}

async function refuseExisting(file: string): Promise<void> {
  try {
    await Deno.lstat(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw existing(file);
}

async function write(file: string, text: string, mode: number): Promise<void> {
  try {
    await Deno.writeTextFile(file, text, { mode, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw existing(file);
    throw new ApiError("FILESYSTEM_ERROR", `${file} cannot be written: ${(error as Error).message}`, {
      file_path: file,
      operation: "write",
    });
  }
}

function existing(file: string): ApiError {
  return new ApiError("CONFIGURATION_ERROR", `${file} exists, and nothing is replaced. Move it away first`, {
    field: "data",
    value: file,
  });
}
