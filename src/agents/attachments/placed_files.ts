/**
 * Files that an agent gets as files: in a folder of the workspace that git ignores, since a `.gitignore` of its own says so.
 * They go when the run ends, but for those that the agent has changed.
 */
import { Buffer } from "node:buffer";
import { join, relative } from "node:path";
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";
import type { AttachmentFile } from "../../domain/run_request.ts";

const log = getLogger(["opencode-agents", "agents"]);

const IGNORE = ".gitignore";
const IGNORE_ALL = "*\n";
/** How many names are tried for a folder or a file. */
const MOST_NAMES = 100;

/** A file as it was put there. */
interface Placed {
  path: string;
  size: number;
  changed_ms: number | undefined;
}

export class PlacedFiles {
  readonly #working_dir: string;
  readonly #task_id: string;
  readonly #placed: Placed[] = [];
  #folder: string | undefined;

  constructor(working_dir: string, task_id: string) {
    this.#working_dir = working_dir;
    this.#task_id = task_id;
  }

  /** Copies the file into the workspace. Returns its path there, absolute. Throws `ApiError` if it cannot be put there. */
  async place(file: AttachmentFile): Promise<string> {
    try {
      this.#folder ??= await this.#makeFolder();
      const path = await free(this.#folder, file.name, (at) => copied(file, at));
      const { size, mtime } = await Deno.stat(path);
      this.#placed.push({ path, size, changed_ms: mtime?.getTime() });
      return path;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError(
        error instanceof Deno.errors.PermissionDenied ? "FILE_PERMISSION_DENIED" : "FILESYSTEM_ERROR",
        `Attachment '${file.name}' cannot be put into ${this.#working_dir}: ${reason}`,
        { file_path: this.#working_dir, operation: "write", reason },
      );
    }
  }

  /** Removes what was put there. Returns the paths, relative to the workspace, of files that the agent has changed. */
  async remove(): Promise<string[]> {
    const kept: string[] = [];
    const folder = this.#folder;
    if (folder === undefined) return kept;
    try {
      for (const { path, size, changed_ms } of this.#placed.splice(0)) {
        const now = await statOf(path);
        if (now === undefined) continue;
        if (now.size === size && now.mtime?.getTime() === changed_ms) await Deno.remove(path);
        else kept.push(relative(this.#working_dir, path));
      }
      if (kept.length > 0) return kept;
      const others = (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => name !== IGNORE);
      // What the agent itself has put there is its own.
      if (others.length > 0) return others.map(({ name }) => relative(this.#working_dir, join(folder, name)));
      await Deno.remove(folder, { recursive: true });
      this.#folder = undefined;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        log.warn("{folder} cannot be removed: {error}", { folder, error });
      }
    }
    return kept;
  }

  #makeFolder(): Promise<string> {
    return free(this.#working_dir, `.attachments-${this.#task_id}`, async (folder) => {
      if (await isOurs(folder)) return true;
      await Deno.mkdir(folder);
      await Deno.writeTextFile(join(folder, IGNORE), IGNORE_ALL, { createNew: true });
      return true;
    });
  }
}

/** What the log says of files that stay. */
export function keptText(paths: readonly string[]): string {
  return `Stays in the workspace, since the agent has changed it: ${paths.join(", ")}`;
}

/** Calls `take` with `name`, `name-2` … until it takes one. It may not find it free. The ending stays at the end. */
async function free(folder: string, name: string, take: (path: string) => Promise<boolean>): Promise<string> {
  const [, stem = name, ending = ""] = /^(.+)(\.[^.]*)$/.exec(name) ?? [];
  for (let count = 1; count <= MOST_NAMES; count++) {
    const path = join(folder, count === 1 ? name : `${stem}-${count}${ending}`);
    try {
      if (await take(path)) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  throw new Error(`${name} and ${MOST_NAMES - 1} names like it are taken`);
}

/** Whether an earlier attempt, which a crash ended, has left this folder. A link to elsewhere is not ours. */
async function isOurs(folder: string): Promise<boolean> {
  if ((await statOf(folder))?.isDirectory !== true) return false;
  return await Deno.readTextFile(join(folder, IGNORE)).catch(() => "") === IGNORE_ALL;
}

/** Copies the file, unless it is there already. Throws `AlreadyExists` if another is there. */
async function copied({ path, bytes }: AttachmentFile, to: string): Promise<boolean> {
  const there = await statOf(to);
  if (there?.isFile === true && there.size === bytes && await isSame(path, to)) return true;
  const target = await Deno.open(to, { write: true, createNew: true, mode: 0o600 });
  await (await Deno.open(path)).readable.pipeTo(target.writable);
  return true;
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([Deno.readFile(one), Deno.readFile(other)]);
  return Buffer.compare(a, b) === 0;
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
