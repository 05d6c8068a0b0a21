/** The data folder: there, ours, private, free. */
import { dirname, join } from "node:path";
import { type Clock, within } from "../../clock/clock.ts";
import type { Finding } from "./finding.ts";

const LOCK_FILE = "server.lock";
/** A free lock is had at once. */
const LOCK_WAIT_MS = 300;

/** `running`: a server of ours answers, so that a lock is as it should be. */
export async function checkStoreFolder(folder: string, running: boolean, clock: Clock): Promise<Finding> {
  const found = { area: "store" as const, subject: folder };
  const info = await statOf(folder);
  if (info && !info.isDirectory) {
    return { ...found, level: "fail", message: "is not a folder", advice: "Name another with --data." };
  }
  const probed = info ? folder : await nearestFolder(folder);
  const obstacle = await writeObstacle(probed);
  if (obstacle !== undefined) {
    return {
      ...found,
      level: "fail",
      message: `${probed} cannot be written to: ${obstacle}`,
      advice: "Give it to the user who runs the server, or name another with --data.",
      details: { exists: info !== undefined, writable: false },
    };
  }
  if (!info) {
    return {
      ...found,
      level: "ok",
      message: "does not exist yet; the server makes it",
      details: { exists: false, writable: true },
    };
  }
  const mode = info.mode === null ? undefined : info.mode & 0o777;
  const pid = await holder(join(folder, LOCK_FILE), clock);
  const details = {
    exists: true,
    writable: true,
    mode: mode === undefined ? null : mode.toString(8).padStart(4, "0"),
    locked_by: pid ?? null,
  };
  if (pid !== undefined) {
    return running
      ? { ...found, level: "ok", message: `in use by the running server (pid ${pid || "unknown"})`, details }
      : {
        ...found,
        level: "fail",
        message: `in use by another server (pid ${pid || "unknown"})`,
        advice: "Stop that one, or name another folder with --data.",
        details,
      };
  }
  if (mode !== undefined && (mode & 0o077) !== 0 && Deno.build.os !== "windows") {
    return {
      ...found,
      level: "warn",
      message: `others may look into it (mode ${details.mode}); the server makes it 0700`,
      details,
    };
  }
  return { ...found, level: "ok", message: "writable and free", details };
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch {
    // Missing, or inside what may not be looked into; trying to write there tells the rest.
    return undefined;
  }
}

async function nearestFolder(path: string): Promise<string> {
  let folder = dirname(path);
  while (!(await statOf(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Why nothing can be written into the folder; undefined when it can. */
async function writeObstacle(folder: string): Promise<string | undefined> {
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".doctor-" }));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The pid in a lock file that is held, 0 when it does not say; undefined when the lock is free. */
async function holder(path: string, clock: Clock): Promise<number | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write: true });
  } catch {
    // No lock file, no server.
    return undefined;
  }
  if (await isFree(file, clock)) return undefined;
  return Number((await Deno.readTextFile(path)).trim()) || 0;
}

/** The lock is taken for a moment to see whether it can be, and given back. Closes the file. */
async function isFree(file: Deno.FsFile, clock: Clock): Promise<boolean> {
  // Deno 2.4 has only the lock that waits.
  const { tryLock } = file as { tryLock?: (exclusive: boolean) => Promise<boolean> };
  if (tryLock) {
    const isOurs = await tryLock.call(file, true);
    file.close();
    return isOurs;
  }
  const waiting = file.lock(true).then(() => file.close(), () => file.close());
  return await within(clock, LOCK_WAIT_MS, waiting.then(() => true), false);
}
