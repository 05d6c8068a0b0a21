/**
 * A git folder for one comparison. It has the objects of a repository and no configuration, attributes or index, so what
 * git prints there depends on the compared commits alone. What git has to write goes into it too, and is removed with it.
 */
import { join } from "node:path";
import type { Git, GitOptions, GitOutput } from "../git.ts";

/** git compares a larger file as if it was binary: its lines would take too much memory. */
const LINES_BYTES_MAX = 50 << 20;
/** The ids of SHA-256 have 64 digits. */
const SHA256_DIGITS = 64;

export interface PlainRepository {
  /** The folder, for files that are needed as long as it. */
  readonly folder: string;
  /** Runs git on nothing but the objects. */
  run(args: readonly string[], options?: GitOptions): Promise<GitOutput>;
  /** Variables by which git, run in the real repository, writes its new objects here. */
  readonly writingHere: Record<string, string>;
}

/** Lends a plain repository to `use`. `commit`: any commit of the repository, whose id tells its kind of ids. */
export async function withPlainRepository<T>(
  git: Git,
  folder: string,
  { common_dir, commit }: { common_dir: string; commit: string },
  use: (plain: PlainRepository) => Promise<T>,
): Promise<T> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await Deno.makeTempDir({ dir: folder, prefix: "compare-" });
  try {
    const objects = join(own, "objects");
    await Deno.mkdir(join(objects, "info"), { recursive: true });
    await Deno.mkdir(join(own, "refs"));
    await Deno.writeTextFile(join(own, "HEAD"), "ref: refs/heads/none\n");
    await Deno.writeTextFile(join(own, "config"), configuration(commit.length === SHA256_DIGITS));
    await Deno.writeTextFile(join(objects, "info", "alternates"), `${quoted(join(common_dir, "objects"))}\n`);
    const env = {
      HOME: own,
      XDG_CONFIG_HOME: own,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_LITERAL_PATHSPECS: "1",
    };
    return await use({
      folder: own,
      writingHere: { GIT_OBJECT_DIRECTORY: objects },
      run: (args, options = {}) =>
        git.run({ git_dir: own }, args, { ...options, env: { ...env, ...options.env } }),
    });
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

function configuration(isSha256: boolean): string {
  return [
    "[core]",
    `\trepositoryFormatVersion = ${isSha256 ? 1 : 0}`,
    "\tbare = true",
    `\tbigFileThreshold = ${LINES_BYTES_MAX}`,
    ...isSha256 ? ["[extensions]", "\tobjectFormat = sha256"] : [],
    "",
  ].join("\n");
}

/** A path as git reads it in a list of paths: one that begins with `"` is quoted as in C. */
function quoted(path: string): string {
  if (!/["\n\\]/.test(path)) return path;
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
