/** Commands that work on a store's file instead of asking a server, and how they choose the store. */
import type { Command } from "commander";
import { ApiError } from "../../domain/errors.ts";
import type { KeyView, NewKey } from "../../protocol/auth_messages.ts";
import { dataFolder, loadConfig } from "../config_file.ts";
import { path } from "../../cli/options.ts";
import type { Config } from "../../protocol/config.ts";
import { counted } from "../../protocol/formats.ts";

export interface Counts {
  schedules: number;
  tasks: number;
  outputs: number;
  log_entries: number;
}

export interface Replacement {
  tasks: number;
  schedules: number;
  log_entries: number;
  /** The new path of the store that was there before. */
  kept?: string;
}

export interface ImportReport extends Replacement {
  imported: Counts;
  skipped: { schedules: string[]; tasks: string[] };
  log_entries_skipped: number;
  usage_days_skipped: number;
  /** Ids of tasks. */
  usage_left_out: string[];
}

/** API keys in a store or behind a server. The caller closes it. */
export interface StoredKeys {
  create(key: NewKey): Promise<{ key: KeyView; api_key: string }>;
  list(): Promise<KeyView[]>;
  revoke(id: string): Promise<void>;
  rotate(id: string): Promise<{ key: KeyView; api_key: string }>;
  close(): Promise<void>;
}

/** `folder` is the data folder. All throw `ApiError`. */
export interface StoreFiles {
  /** Throws for a store that `serve` would refuse. Returns false if there is none yet. */
  check(folder: string): Promise<boolean>;
  backup(options: { folder: string; file: string; force: boolean }): Promise<{ bytes: number }>;
  restore(options: { folder: string; file: string }): Promise<Replacement>;
  export(
    options: { folder: string; secrets: boolean; write(line: string): Promise<void> | void },
  ): Promise<Counts>;
  /** `allowedVariables`: those that tasks of an agent may set; of any agent, for a task that names none. */
  import(
    options: {
      folder: string;
      lines: AsyncIterable<string>;
      merge: boolean;
      allowedVariables(agent: string | undefined): readonly string[];
    },
  ): Promise<ImportReport>;
  /** `isAudited`: whether changes leave entries in the store's audit log. */
  keys(options: { folder: string; isAudited: boolean }): Promise<StoredKeys>;
}

export interface StoreFlags {
  data?: string;
  config?: string;
  json?: boolean;
}

/** A command that opens a store's file itself. */
export function storeCommand(program: Command, usage: string, description: string): Command {
  return program.command(usage).description(description)
    .option("--data <dir>", "data folder (default: OPENCODE_AGENTS_DATA, else the platform's)", path)
    .option("--config <file>", "the server's configuration file, if it names the data folder", path)
    .option("--json", "print JSON, errors too");
}

/** The data folder that `serve` would choose. Throws `CONFIGURATION_ERROR` if the store is not a file. */
export async function storeFolder(flags: StoreFlags): Promise<string> {
  return (await configuredStore(flags)).folder;
}

/**
 * As `storeFolder`; whether what a command changes there leaves entries in the audit log: always, unless that is off; and the
 * agents.
 */
export async function configuredStore(
  { data, config }: StoreFlags,
): Promise<{ folder: string; isAudited: boolean; agents: Config["agents"] }> {
  const { store, audit, agents } = (await loadConfig({ config })).config;
  if (store.url !== undefined && data === undefined) {
    throw new ApiError(
      "CONFIGURATION_ERROR",
      "store.url names a store on another machine, of which this command can make no file",
      { field: "store.url" },
    );
  }
  return { folder: dataFolder({ data }, store.path), isAudited: audit.enabled !== false, agents };
}

/** The counts of a store's content as text. */
export function contents({ tasks, schedules, log_entries }: Omit<Replacement, "kept">): string {
  const entries = counted(log_entries, "log entry", "log entries");
  return `${counted(tasks, "task")}, ${counted(schedules, "schedule")}, ${entries}`;
}
