/**
 * The files of a working tree as they are, whatever git's attributes say. A filter that fails or hangs, or a text that is not in
 * the encoding that its attribute names, keeps git from adding any file at all.
 */
import { join } from "node:path";
import type { Git, GitOptions, TreePlace } from "./git.ts";
import { copyIndexFile } from "./index_copy.ts";
import { rawBytes, rawFields } from "./raw_paths.ts";

/** No attribute changes a file's content. */
const ATTRIBUTES = "* -filter !working-tree-encoding -text -ident\n";
/** The ids of SHA-256 have 64 digits. */
const SHA256_DIGITS = 64;

export interface FilesAsTheyAre {
  tree: string;
  /** The raw paths of files that differ from the index. */
  changed: string[];
  /** Those of them that a filter or an encoding of its own is set for. */
  converted: string[];
}

/**
 * `options`: with the index to begin with, which is only read. `args`, `stdin`: what git is asked to add. `room`: a folder for
 * temporary files.
 */
export async function asTheyAre(
  git: Git,
  place: TreePlace,
  room: string,
  options: GitOptions & { index: string },
  { args, stdin }: { args: readonly string[]; stdin: Uint8Array<ArrayBuffer> },
): Promise<FilesAsTheyAre> {
  const before = await entriesOf(git, place, options);
  const git_dir = await Deno.makeTempDir({ dir: room, prefix: "plain-" });
  const index = join(git_dir, "index");
  await copyIndexFile(options.index, index);
  const plain = { git_dir, work_tree: place.work_tree };
  const here = {
    ...options,
    index,
    config: [...options.config ?? [], ...await excludes(git, place, options)],
    env: { ...options.env, GIT_OBJECT_DIRECTORY: join(place.common_dir, "objects") },
  };
  await furnish(git_dir, place.common_dir, before);
  await git.run(plain, args, { ...here, stdin, accepts: [1] });
  const tree = await git.line(plain, ["write-tree"], here);
  const after = await entriesOf(git, plain, here);
  const changed = [...after].filter(([path, entry]) => before.get(path) !== entry).map(([path]) => path);
  return { tree, changed, converted: await convertedOf(git, place, options, changed) };
}

/** A repository without a configuration of its own. */
async function furnish(git_dir: string, common_dir: string, entries: ReadonlyMap<string, string>) {
  const [first = ""] = entries.values();
  const isSha256 = first.split(" ")[1]?.length === SHA256_DIGITS;
  await Deno.mkdir(join(git_dir, "info"));
  await Deno.mkdir(join(git_dir, "refs"));
  await Deno.mkdir(join(git_dir, "objects"));
  await Deno.writeTextFile(join(git_dir, "HEAD"), "ref: refs/heads/none\n");
  await Deno.writeTextFile(
    join(git_dir, "config"),
    `[core]\n\trepositoryFormatVersion = ${isSha256 ? "1\n[extensions]\n\tobjectFormat = sha256" : "0"}\n`,
  );
  await Deno.writeTextFile(join(git_dir, "info", "attributes"), ATTRIBUTES);
  try {
    await Deno.copyFile(join(common_dir, "info", "exclude"), join(git_dir, "info", "exclude"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What is ignored stays ignored. */
async function excludes(git: Git, place: TreePlace, { signal }: GitOptions): Promise<string[]> {
  const asked = ["config", "--type=path", "--get", "core.excludesFile"];
  const file = await git.line(place, asked, { signal, accepts: [1] });
  return file === "" ? [] : [`core.excludesFile=${file}`];
}

/** By raw path: mode and id. */
async function entriesOf(
  git: Git,
  place: Parameters<Git["run"]>[0],
  options: GitOptions,
): Promise<Map<string, string>> {
  const { stdout } = await git.run(place, ["ls-files", "--stage", "-z"], options);
  return new Map(
    rawFields(stdout).map((line) => {
      const tab = line.indexOf("\t");
      return [line.slice(tab + 1), line.slice(0, tab)];
    }),
  );
}

async function convertedOf(git: Git, place: TreePlace, options: GitOptions, paths: readonly string[]) {
  if (paths.length === 0) return [];
  const asked = ["check-attr", "-z", "--stdin", "filter", "working-tree-encoding"];
  const fields = rawFields((await git.run(place, asked, { ...options, stdin: rawBytes(paths) })).stdout);
  const found = new Set<string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path, , value] = fields.slice(at, at + 3);
    if (value !== "unspecified" && value !== "unset") found.add(path!);
  }
  return [...found];
}
