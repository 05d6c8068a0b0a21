/** Opens the store of a data folder, checked and loaded, or says why it cannot be. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";
import type { TaskSpec, TaskState } from "../tasks/record.ts";
import { type FolderLock, lockFolder, makePrivate } from "./data_folder.ts";
import { GroupCommit } from "./group_commit.ts";
import { decode, encode } from "./json.ts";
import { denoKeyValue, type KeyValue } from "./kv.ts";
import { LogStore } from "./log_store.ts";
import { Outputs } from "./outputs.ts";
import { RecordStore } from "./record_store.ts";

/** Rises when an older program could no longer read what a newer one writes. */
const FORMAT = 1;
const STORE_FILE = "store.sqlite3";
const CLEAN_MARK = "clean-shutdown";

export interface AttemptOutput {
  output: string;
  exit_code?: number;
  stop_reason?: string;
  usage?: Record<string, unknown>;
}

export interface Store {
  /** Stays the same for as long as the data does. */
  readonly id: string;
  readonly tasks: RecordStore<TaskSpec, TaskState>;
  readonly logs: LogStore;
  readonly outputs: Outputs<AttemptOutput>;
  readonly closed: boolean;
  close(): Promise<void>;
}

export interface StoreOptions {
  folder: string;
  clock: Clock;
}

/**
 * Throws `ApiError`: `CONFIGURATION_ERROR` when another server has the folder or the store is of a newer program,
 * `DATABASE_ERROR` when the file is damaged or none of ours. What it refuses it does not touch.
 */
export async function openStore({ folder, clock }: StoreOptions): Promise<Store> {
  const lock = await lockFolder(folder, clock);
  try {
    const path = join(folder, STORE_FILE);
    await checkFile(path, join(folder, CLEAN_MARK));
    const kv = denoKeyValue(await Deno.openKv(path), clock);
    const store = await load(kv, clock, folder, lock);
    await makePrivate(folder);
    return store;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function load(kv: KeyValue, clock: Clock, folder: string, lock: FolderLock): Promise<Store> {
  const id = await identify(kv);
  const commits = new GroupCommit(kv);
  const tasks = new RecordStore<TaskSpec, TaskState>("task", kv, commits);
  const logs = new LogStore(kv, commits, clock);
  await tasks.load();
  await logs.load();
  let closed = false;
  return {
    id,
    tasks,
    logs,
    outputs: new Outputs<AttemptOutput>(kv),
    get closed() {
      return closed;
    },
    async close() {
      closed = true;
      await logs.close();
      await commits.idle();
      kv.close();
      await Deno.writeTextFile(join(folder, CLEAN_MARK), "", { mode: 0o600 });
      await lock.release();
    },
  };
}

async function identify(kv: KeyValue): Promise<string> {
  const meta = await kv.get(["meta"]);
  if (meta) {
    const { format, id } = decode(meta.value) as { format: number; id: string };
    if (format <= FORMAT) return id;
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `The store has format ${format}, which a newer opencode-agents wrote; this one knows ${FORMAT}`,
      {
        format,
        supported: FORMAT,
      },
    );
  }
  const id = crypto.randomUUID();
  await kv.commit({
    checks: [{ key: ["meta"], versionstamp: null }],
    sets: [{ key: ["meta"], value: encode({ format: FORMAT, id }) }],
  });
  return id;
}

/**
 * Damaged pages would end the whole process when Deno KV meets them, so after anything but a clean shutdown the
 * file is checked first.
 */
async function checkFile(path: string, cleanMark: string): Promise<void> {
  let size: number;
  try {
    size = (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (size === 0) return;
  const clean = await Deno.remove(cleanMark).then(() => true, () => false);
  let verdict: string;
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const check = clean ? "PRAGMA schema_version" : "PRAGMA quick_check(1)";
      const row = database.prepare(check).get() as Record<string, unknown>;
      verdict = clean ? "ok" : String(Object.values(row)[0]);
    } finally {
      database.close();
    }
  } catch (error) {
    verdict = (error as Error).message;
  }
  if (verdict === "ok") return;
  throw new ApiError(
    "DATABASE_ERROR",
    `The store ${path} is damaged or not a store of opencode-agents (${verdict}). Nothing was changed. ` +
      "Move it away and restore a backup, or start with an empty folder (--data).",
    { file_path: path, reason: verdict },
  );
}
