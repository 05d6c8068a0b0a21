/**
 * Folders of `dist` that are built from the sources: made when they do not match them, and never half made. What they
 * were made from is kept in them as a digest, so that no clock and no order of times can pass off an old one.
 */
import { join } from "node:path";
import { sha256 } from "../src/domain/sha256.ts";
import { ROOT } from "./root.ts";

const STAMP = ".sources";
/** Longer than a build takes. */
const LOCK_WITHIN_MS = 300_000;

export interface Recipe {
  /** Of the folder, in `dist`. */
  name: string;
  /** The files and folders that it is made from, relative to the root. */
  inputs: readonly string[];
  /** The file that leads to all others: it is replaced after them. */
  entry: string;
  /** Writes all files into this folder, which is empty. */
  make: (folder: string) => Promise<void>;
}

/**
 * Builds `dist/NAME` if it does not match its inputs. Resolves to its path. Throws if it cannot be built; the files that
 * are there are then out of date, and their stamp says so.
 */
export async function builtFolder(recipe: Recipe, root = ROOT): Promise<string> {
  const dist = join(root, "dist");
  const output = join(dist, recipe.name);
  // Needs no permission to write, so that a checkout that cannot be written to starts, too.
  if (contentOf(join(output, STAMP)) === await stampOf(recipe, root)) return output;
  try {
    await Deno.mkdir(output, { recursive: true });
    using lock = await Deno.open(join(dist, `.${recipe.name}.lock`), { create: true, write: true });
    await locked(lock);
    await build(recipe, root, output);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    throw new Error(
      `dist/${recipe.name} does not match the sources and cannot be written: ${(error as Error).message}. ` +
        "Run 'deno task build' where it can be written.",
    );
  }
  return output;
}

async function build(recipe: Recipe, root: string, output: string): Promise<void> {
  // Before the sources are read: a change in the meantime makes the next start build again.
  const stamp = await stampOf(recipe, root);
  // Another process may have built it while this one waited for the lock.
  if (contentOf(join(output, STAMP)) === stamp) return;
  const [dir, prefix] = [join(root, "dist"), `.${recipe.name}-`];
  // Whoever has the lock is the only one who builds: these are left from builds that were killed.
  for (const { name } of [...Deno.readDirSync(dir)]) {
    if (name.startsWith(prefix)) await Deno.remove(join(dir, name), { recursive: true });
  }
  const fresh = await Deno.makeTempDir({ dir, prefix });
  try {
    await recipe.make(fresh);
    await Deno.writeTextFile(join(fresh, STAMP), stamp);
    await replaceFiles(fresh, output, [recipe.entry, STAMP]);
  } finally {
    await Deno.remove(fresh, { recursive: true });
  }
}

/** Replaces each file atomically, the `last` ones after all others. Removes files that are no longer needed. */
async function replaceFiles(fresh: string, output: string, last: readonly string[]): Promise<void> {
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(fresh)) names.add(name);
  for (const name of [...names].sort((a, b) => last.indexOf(a) - last.indexOf(b))) {
    await Deno.rename(join(fresh, name), join(output, name));
  }
  for await (const { name } of Deno.readDir(output)) {
    if (!names.has(name)) await Deno.remove(join(output, name), { recursive: true });
  }
}

/** Takes the lock, which ends with the process at the latest. */
async function locked(file: Deno.FsFile): Promise<void> {
  const deadline = performance.now() + LOCK_WITHIN_MS;
  while (!await file.tryLock(true)) {
    if (performance.now() > deadline) throw new Error("another build does not end: end it, then start again");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The runtime that bundles, and a digest of all these files. */
async function stampOf({ inputs }: Recipe, root: string): Promise<string> {
  const parts: Uint8Array[] = [];
  const add = (path: string): void => {
    if (Deno.statSync(join(root, path)).isDirectory) {
      const names = [...Deno.readDirSync(join(root, path))].map(({ name }) => name);
      for (const name of names.sort()) add(`${path}/${name}`);
      return;
    }
    const content = Deno.readFileSync(join(root, path));
    parts.push(new TextEncoder().encode(`${path}\0${content.length}\0`), content);
  };
  inputs.forEach(add);
  return `Deno ${Deno.version.deno}\n${await sha256(concatenated(parts))}\n`;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function contentOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isUnwritable(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable ||
    (error as { code?: unknown }).code === "EROFS";
}
