/** The temporary folders of runs: each run has its own TMPDIR, which is removed when the run has ended. */
import { getLogger } from "@logtape/logtape";

const log = getLogger(["opencode-agents", "agents"]);

const PREFIX = "run-";

export class RunFolders {
  readonly #root: string;
  readonly #prefix: string;

  /** `root`: the folder that holds them. `instance_id`: of this server. */
  constructor(root: string, instance_id: string) {
    this.#root = root;
    // Short: agents put sockets there, whose paths may have 108 characters.
    this.#prefix = `${PREFIX}${instance_id.slice(0, 8)}-`;
  }

  async create(): Promise<string> {
    await Deno.mkdir(this.#root, { recursive: true, mode: 0o700 });
    return await Deno.makeTempDir({ dir: this.#root, prefix: this.#prefix });
  }

  /** Removes one with all that is in it. A folder that cannot be removed is left to the next server. */
  async remove(path: string): Promise<void> {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      log.warn("temporary folder {path} cannot be removed: {error}", { path, error });
    }
  }

  /** Removes the ones that earlier servers left. */
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
