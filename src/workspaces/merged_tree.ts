/**
 * Merges commits without touching any working tree, index or reference: git merges in its object store. Needs git 2.38.
 * The attributes of the target count, as in its working tree. Programs that merge files are not run: git's own merge of
 * texts takes their place.
 */
import { dirname, join } from "node:path";
import { ApiError } from "../domain/errors.ts";
import type { Git, GitPlace } from "./git.ts";
import { OWN_IDENTITY } from "./own_identity.ts";

/** The only answer of `git merge-tree` besides 0 that is no failure. */
const HAS_CONFLICTS = 1;

export interface MergedTree {
  /** The tree. With conflicts, its files have the usual marks. */
  tree: string;
  conflicts: string[];
  /** What git says about the conflicts. */
  notes: string[];
}

/** Merges trees of one repository, until `close`. */
export class TreeMerger {
  readonly #git: Git;
  readonly #place: GitPlace;
  readonly #config: string[];
  readonly #folder: string | undefined;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    git: Git,
    place: GitPlace,
    config: string[],
    folder: string | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#signal = signal;
    this.#git = git;
    this.#place = place;
    this.#config = config;
    this.#folder = folder;
  }

  /** `common_dir`: git's folder. `target`: the commit whose attributes count. `room`: a folder for temporary ones. */
  static async open(
    git: Git,
    common_dir: string,
    target: string,
    room: string,
    signal?: AbortSignal,
  ): Promise<TreeMerger> {
    const place = { git_dir: common_dir, work_tree: common_dir };
    const folder = await attributesFolder(git, common_dir, target, room);
    return new TreeMerger(
      git,
      { git_dir: common_dir, work_tree: folder ?? common_dir },
      await plainDrivers(git, place),
      folder,
      signal,
    );
  }

  async close(): Promise<void> {
    if (this.#folder !== undefined) await Deno.remove(this.#folder, { recursive: true });
  }

  /** The merge of two commits, with whatever commits they have in common as the base. */
  async merged(ours: string, theirs: string): Promise<MergedTree> {
    const { code, stdout, stderr } = await this.#git.run(
      this.#place,
      ["merge-tree", "--write-tree", "-z", "--name-only", "--messages", ours, theirs],
      { config: this.#config, accepts: [HAS_CONFLICTS, 128, 129], signal: this.#signal },
    );
    if (code === 129) throw needsNewerGit();
    // Such as histories that have nothing in common.
    if (code === 128) return { tree: "", conflicts: [], notes: [stderr.trim()] };
    return parsedMerge(new TextDecoder().decode(stdout), code === HAS_CONFLICTS);
  }

  /** A commit with the tree of one commit and these parents. It serves as one side of a merge, and is never kept. */
  virtual(tree_of: string, ...parents: string[]): Promise<string> {
    return this.#git.line(
      this.#place,
      [
        "commit-tree",
        `${tree_of}^{tree}`,
        ...parents.flatMap((one) => ["-p", one]),
        "-m",
        "one side of a merge",
      ],
      { env: OWN_IDENTITY },
    );
  }
}

/** What `git merge-tree -z --name-only --messages` prints. */
function parsedMerge(printed: string, hasConflicts: boolean): MergedTree {
  const fields = printed.split("\0");
  const tree = fields[0] ?? "";
  let at = 1;
  const conflicts: string[] = [];
  if (hasConflicts) {
    while (at < fields.length && fields[at] !== "") conflicts.push(fields[at++]!);
    at++;
  }
  const notes: string[] = [];
  while (at < fields.length && /^\d+$/.test(fields[at]!)) {
    const paths = Number(fields[at]);
    const [kind = "", text = ""] = fields.slice(at + 1 + paths, at + 3 + paths);
    if (kind.startsWith("CONFLICT")) notes.push(text.trim());
    at += 3 + paths;
  }
  return { tree, conflicts, notes };
}

/** A folder with the `.gitattributes` of the commit, which git reads while it merges; undefined if there are none. */
async function attributesFolder(git: Git, common_dir: string, commit: string, room: string) {
  const place = { git_dir: common_dir };
  const names = await git.fields(place, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit]);
  const wanted = names.filter((name) => name === ".gitattributes" || name.endsWith("/.gitattributes"));
  if (wanted.length === 0) return undefined;
  await Deno.mkdir(room, { recursive: true, mode: 0o700 });
  const folder = await Deno.makeTempDir({ dir: room, prefix: "attributes-" });
  for (const name of wanted) {
    const { stdout } = await git.run(place, ["cat-file", "blob", `${commit}:${name}`]);
    await Deno.mkdir(join(folder, dirname(name)), { recursive: true });
    await Deno.writeFile(join(folder, name), stdout);
  }
  return folder;
}

/** Settings that put git's own merge of texts in the place of each program that the configuration names. */
async function plainDrivers(git: Git, place: GitPlace): Promise<string[]> {
  const asked = ["config", "-z", "--name-only", "--get-regexp", "^merge\\..*\\.driver$"];
  const names = await git.fields(place, asked, { accepts: [1] });
  return [...new Set(names)].map((name) => `${name}=git merge-file -q --marker-size=%L %A %O %B`);
}

function needsNewerGit(): ApiError {
  return new ApiError(
    "SERVICE_UNAVAILABLE",
    "Changes are merged by git 2.38 or newer, and this one is older",
    {
      program: "git",
      missing: ["git 2.38"],
    },
  );
}
