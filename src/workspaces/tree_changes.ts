/** What differs between two commits, file by file. */
import type { Git, GitPlace } from "./git.ts";
import { rawFields, readable } from "./raw_paths.ts";

/** One version of a file. */
export interface Entry {
  /** As git writes it, such as `100644`. */
  mode: string;
  oid: string;
}

export interface TreeChange {
  path: string;
  /** The same with a character for each byte: what is not UTF-8 is replaced in `path`. */
  raw: string;
  /** Absent if the file is new. */
  before?: Entry;
  /** Absent if the file is gone. */
  after?: Entry;
}

const NOTHING = "000000";

export async function treeChanges(
  git: Git,
  place: GitPlace,
  from: string,
  to: string,
): Promise<TreeChange[]> {
  const asked = ["diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev", "--no-ext-diff", from, to];
  const fields = rawFields((await git.run(place, asked)).stdout);
  const changes: TreeChange[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [old_mode = "", mode = "", old_oid = "", oid = ""] = fields[at]!.slice(1).split(" ");
    changes.push({
      path: readable(fields[at + 1]!),
      raw: fields[at + 1]!,
      before: old_mode === NOTHING ? undefined : { mode: old_mode, oid: old_oid },
      after: mode === NOTHING ? undefined : { mode, oid },
    });
  }
  return changes;
}

/** Whether two paths cannot both be files: they are the same, or one is a folder of the other. */
export class PathSet {
  readonly #paths = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(paths: Iterable<string>) {
    for (const path of paths) {
      this.#paths.add(path);
      for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) {
        this.#folders.add(path.slice(0, cut));
      }
    }
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  meets(path: string): boolean {
    if (this.#paths.has(path) || this.#folders.has(path)) return true;
    for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) {
      if (this.#paths.has(path.slice(0, cut))) return true;
    }
    return false;
  }
}
