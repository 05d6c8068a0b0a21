/**
 * The temporary folders of runs. Each run has its own TMPDIR, which is gone when the run has ended. An empty one becomes, under
 * another name, that of a later run: file systems that discard what they free take a millisecond to remove a folder.
 */
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";
import { removeTree } from "../../host/remove_tree.ts";

const log = getLogger(["opencode-agents", "agents"]);

const PREFIX = "run-";
/** As many as are usually made and removed at the same time. */
const SPARE_MAX = 8;
/** What a folder has when it is made. */
const MODE = 0o700;
/** A larger folder has, or has had, too many entries to list them at once. */
const SMALL_BYTES = 4096;

export class RunFolders {
  readonly #root: string;
  readonly #prefix: string;
  /** Empty folders, under names that no run has had. */
  readonly #spare: string[] = [];
  #named = 0;
  /** How many runs have a folder. */
  #used = 0;

  /** `root`: the folder that holds them. `instance_id`: of this server. */
  constructor(root: string, instance_id: string) {
    this.#root = root;
    // Short, because agents put sockets there, and a socket's path has at most 108 characters.
    this.#prefix = `${PREFIX}${instance_id.slice(0, 8)}-`;
  }

  /**
   * Throws `ApiError` if there can be no folder, such as on a full disk. Synchronous, since a thread for one call of the
   * system would cost more than the call.
   */
  create(): string {
    const spare = this.#spare.pop();
    const path = (spare && this.#renamed(spare)) ?? this.#made();
    this.#used++;
    return path;
  }

  /**
   * Removes a folder that was created, and its content. If that fails, the next server tries again. `isOver`: no process of its
   * run is left, so nobody else can reach the folder.
   */
  async remove(path: string, isOver = false): Promise<void> {
    this.#used--;
    if (!(isOver && this.#used > 0 && this.#isSpared(path))) await removed(path);
    // Between runs, nothing is left on the disk.
    while (this.#used === 0 && this.#spare.length > 0) await removed(this.#spare.pop()!);
  }

  #made(): string {
    const where = { dir: this.#root, prefix: this.#prefix };
    try {
      return Deno.makeTempDirSync(where);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw noFolder(this.#root, error);
    }
    try {
      Deno.mkdirSync(this.#root, { recursive: true, mode: MODE });
      return Deno.makeTempDirSync(where);
    } catch (error) {
      throw noFolder(this.#root, error);
    }
  }

  /** Keeps a folder for a later run if it is as it was made. */
  #isSpared(path: string): boolean {
    if (this.#spare.length >= SPARE_MAX || !isAsMade(path)) return false;
    const spare = this.#renamed(path);
    if (spare !== undefined) this.#spare.push(spare);
    return spare !== undefined;
  }

  /** The folder's new path, which no folder has had; undefined if it is gone, for example. */
  #renamed(path: string): string | undefined {
    const to = `${this.#root}/${this.#prefix}${++this.#named}`;
    try {
      Deno.renameSync(path, to);
      return to;
    } catch {
      return undefined;
    }
  }

  /** Removes the folders that earlier servers left. */
  async removeOld(): Promise<void> {
    const old: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#root)) {
        if (name.startsWith(PREFIX) && !name.startsWith(this.#prefix)) old.push(name);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      log.warn("{root} cannot be cleared: {error}", { root: this.#root, error });
    }
    for (const name of old) await removed(`${this.#root}/${name}`);
  }
}

async function removed(path: string): Promise<void> {
  if (isRemovedEmpty(path)) return;
  try {
    await removeTree(path);
  } catch (error) {
    log.warn("temporary folder {path} cannot be removed: {error}", { path, error });
  }
}

/** Whether it is an empty folder, no link, that only its owner may use. */
function isAsMade(path: string): boolean {
  try {
    const { isDirectory, mode, size } = Deno.lstatSync(path);
    if (!isDirectory || mode === null || (mode & 0o7777) !== MODE || size > SMALL_BYTES) return false;
    return [...Deno.readDirSync(path)].length === 0;
  } catch {
    return false;
  }
}

/** Removes a folder if it is empty, as most runs leave it: that is one call of the system. */
function isRemovedEmpty(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}

function noFolder(root: string, error: unknown): ApiError {
  const reason = error instanceof Error ? error.message : String(error);
  const details = { file_path: root, operation: "write", reason };
  const message = `The task's temporary folder cannot be made in '${root}': ${reason}`;
  if (/no space|quota/i.test(reason)) return new ApiError("DISK_SPACE_EXCEEDED", message, details);
  const { PermissionDenied, NotCapable } = Deno.errors;
  const isDenied = error instanceof PermissionDenied || error instanceof NotCapable;
  return new ApiError(isDenied ? "FILE_PERMISSION_DENIED" : "FILESYSTEM_ERROR", message, details);
}
