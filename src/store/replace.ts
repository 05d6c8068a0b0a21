/** Replaces a folder's store by a new one, which is first completed and checked beside it. */
import { join } from "node:path";
import { type Clock, isoTime } from "../clock/clock.ts";
import { OWNER } from "../domain/actor.ts";
import { exists } from "./backup.ts";
import { lockFolder } from "./data_folder.ts";
import { COMPANIONS, foldIn } from "./file_copy.ts";
import { identifyAnew } from "./identity.ts";
import { denoKeyValue, type KeyValue } from "./kv/kv.ts";
import { CLEAN_MARK, loadStore, type Store, STORE_FILE } from "./open.ts";

export interface Replacement {
  tasks: number;
  schedules: number;
  log_entries: number;
  /** The new path of the previous store, if there was one. */
  kept?: string;
}

export interface ReplaceOptions {
  folder: string;
  clock: Clock;
  /** What the audit log of the new store says of it. */
  action: "restore" | "import";
  /** Called before anything is written, with the path of the folder's own store. Throws to refuse. */
  allow?(store: string): Promise<void>;
  /** Writes the new store's file from scratch. */
  write(draft: string, store: string): Promise<void>;
}

/**
 * Locks the folder, lets `write` create the new store beside the old one, checks that all of it can be read, gives it
 * its own id and renames it into place. The old store stays in the folder under a name with the time. After a crash the
 * folder has either the old store or the new one. Throws what `lockFolder`, `write` and `loadStore` throw; the old
 * store is then unchanged.
 */
export async function replaceStore(
  { folder, clock, action, allow, write }: ReplaceOptions,
): Promise<Replacement> {
  const lock = await lockFolder(folder, clock);
  const store = join(folder, STORE_FILE);
  const draft = join(folder, `${STORE_FILE}.draft`);
  try {
    await allow?.(store);
    await removeStore(draft);
    await write(draft, store);
    const found = await examine(draft, clock, action);
    const kept = await keepAside(store, clock);
    await removeIfThere(join(folder, CLEAN_MARK));
    await Deno.rename(draft, store);
    return { ...found, ...(kept && { kept }) };
  } finally {
    await removeStore(draft);
    await lock.release();
  }
}

/** Reads the draft as a server does at startup, gives it its own id, and notes where it comes from. */
async function examine(
  draft: string,
  clock: Clock,
  action: ReplaceOptions["action"],
): Promise<Omit<Replacement, "kept">> {
  const counts = await withStore(draft, clock, async (store, kv) => {
    await identifyAnew(kv);
    const details = {
      tasks: store.tasks.size,
      schedules: store.schedules.size,
      log_entries: store.logs.size,
    };
    await (await store.openAudit()).add({ actor: OWNER, action, outcome: "ok", details });
    return details;
  });
  await foldIn(draft);
  return counts;
}

/** Opens the store in this file, which is not in the place where a server would open it. */
export async function withStore<T>(
  path: string,
  clock: Clock,
  work: (store: Store, kv: KeyValue) => Promise<T>,
): Promise<T> {
  const kv = denoKeyValue(await Deno.openKv(path), clock);
  try {
    return await work(await loadStore(kv, clock), kv);
  } finally {
    kv.close();
  }
}

/** Gives the old store a second name. A later rename gives its first name to the new store in one step. */
async function keepAside(store: string, clock: Clock): Promise<string | undefined> {
  if (!await exists(store)) return undefined;
  const kept = `${store}.replaced-${isoTime(clock.now()).replaceAll(":", "-")}`;
  try {
    await foldIn(store);
  } catch {
    // A damaged store is kept as it is, with its parts under names that still belong together. Servers refuse it anyway
    // until the new store is in place.
    for (const part of COMPANIONS) await renameIfThere(store + part, kept + part);
  }
  try {
    await Deno.link(store, kept);
  } catch {
    // This file system has no hard links.
    await Deno.copyFile(store, kept);
  }
  return kept;
}

async function removeStore(path: string): Promise<void> {
  for (const part of ["", ...COMPANIONS]) await removeIfThere(path + part);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
