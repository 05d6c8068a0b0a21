/** Ignored files that come into a new worktree: those that `.worktreeinclude` or the project's `copy` names. */
import { dirname, join } from "node:path";
import { isInside } from "../domain/path_inside.ts";
import { exists } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { WHOLE_TREE_MS } from "./git.ts";

/** As gitignore patterns, at the repository's root. */
const INCLUDE = ".worktreeinclude";

export interface Copying {
  /** The root of the repository's own working tree. */
  from: string;
  /** The root of the new worktree. */
  to: string;
  /** Globs. */
  copy: readonly string[];
  signal: AbortSignal | undefined;
}

/** Returns how many were copied. Links are copied as links; what the worktree already has stays as it is. */
export async function copyIgnored(git: Git, { from, to, copy, signal }: Copying): Promise<number> {
  const files = new Set([
    ...await included(git, from, signal),
    ...await globbed(git, from, copy, signal),
  ]);
  let copied = 0;
  const root = await Deno.realPath(to);
  for (const file of files) {
    signal?.throwIfAborted();
    if (await copyOne(join(from, file), join(to, file), root)) copied++;
  }
  return copied;
}

async function included(git: Git, from: string, signal?: AbortSignal): Promise<string[]> {
  try {
    if (!(await Deno.stat(join(from, INCLUDE))).isFile) return [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const options = { signal, bound_ms: WHOLE_TREE_MS };
  const named = await git.run(
    from,
    ["ls-files", "-z", "--others", "--ignored", `--exclude-from=${INCLUDE}`],
    options,
  );
  if (named.stdout.length === 0) return [];
  // Only those that git ignores: what is merely not added yet belongs to the user's work.
  return await git.fields(from, ["check-ignore", "-z", "--stdin"], {
    ...options,
    stdin: named.stdout,
    accepts: [1],
  });
}

async function globbed(
  git: Git,
  from: string,
  copy: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  if (copy.length === 0) return [];
  const asked = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard"];
  const ignored = await git.fields(from, asked, { signal, bound_ms: WHOLE_TREE_MS });
  // Only few projects copy anything.
  // @ts-types="../domain/picomatch_types.d.ts"
  const { default: picomatch } = await import("picomatch");
  const matches = picomatch(copy, { dot: true });
  // A pattern that names a folder names what is in it.
  const folders = new Map<string, boolean>();
  const isIn = (path: string): boolean => {
    const folder = dirname(path);
    if (folder === ".") return false;
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const found = matches(folder) || isIn(folder);
    folders.set(folder, found);
    return found;
  };
  return ignored.filter((path) => matches(path) || isIn(path));
}

async function copyOne(from: string, to: string, root: string): Promise<boolean> {
  // A repository inside the repository is listed as a folder.
  if (from.endsWith("/")) return false;
  try {
    const { isSymlink, isFile } = await Deno.lstat(from);
    if (!isSymlink && !isFile) return false;
    await Deno.mkdir(dirname(to), { recursive: true });
    // A folder of the worktree may be a link that leads elsewhere.
    if (!isInside(root, await Deno.realPath(dirname(to))) || await exists(to)) return false;
    if (isSymlink) await Deno.symlink(await Deno.readLink(from), to);
    else await Deno.copyFile(from, to);
    return true;
  } catch (error) {
    const { NotFound, NotADirectory, AlreadyExists } = Deno.errors;
    // It has gone meanwhile, or a file of the worktree is where its folder would be.
    if (error instanceof NotFound || error instanceof NotADirectory || error instanceof AlreadyExists) {
      return false;
    }
    throw error;
  }
}
