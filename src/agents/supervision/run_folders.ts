/** The temporary folders of runs. Each run has its own TMPDIR, which is removed when the run has ended. */
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";
import { removeTree } from "../../host/remove_tree.ts";

const log = getLogger(["opencode-agents", "agents"]);

const PREFIX = "run-";

export class RunFolders {
  readonly #root: string;
  readonly #prefix: string;

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
    const where = { dir: this.#root, prefix: this.#prefix };
    try {
      return Deno.makeTempDirSync(where);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw noFolder(this.#root, error);
    }
    try {
      Deno.mkdirSync(this.#root, { recursive: true, mode: 0o700 });
      return Deno.makeTempDirSync(where);
    } catch (error) {
      throw noFolder(this.#root, error);
    }
  }

  /** Removes a folder and its content. If that fails, the next server tries again. */
  async remove(path: string): Promise<void> {
    if (isRemovedEmpty(path)) return;
    try {
      await removeTree(path);
    } catch (error) {
      log.warn("temporary folder {path} cannot be removed: {error}", { path, error });
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
    for (const name of old) await this.remove(`${this.#root}/${name}`);
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
