/** What of the machine an agent's programs are in: shown to it also where the rest is hidden. */
import { basename, delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { findProgram } from "../processes/find_program.ts";

/** More links than a program's path leads through. */
const MOST_LINKS = 20;
/** A script is run by a program, which may be a script. */
const MOST_INTERPRETERS = 4;
const HEAD_BYTES = 256;

/** The folders, or files, of programs; links resolved. `isBroad`: whether a folder must not be shown whole. */
export async function programPlaces(
  commands: readonly (readonly string[])[],
  search: string,
  isBroad: (folder: string) => boolean,
): Promise<string[]> {
  const places = new Set<string>();
  const seen = new Set<string>();
  for (const folder of search.split(delimiter).filter(isAbsolute)) {
    await addFolder(folder);
    // Programs of a package manager have their files beside the folder of their links.
    if (basename(folder) === "bin") await addFolder(join(folder, "..", "lib"));
  }
  for (const [program = "", ...args] of commands) {
    await addProgram(program, MOST_INTERPRETERS);
    for (const arg of args) if (isAbsolute(arg) && await isFile(arg)) await addFile(arg);
  }
  return [...places];

  async function addFolder(folder: string): Promise<void> {
    const real = await realOf(folder);
    if (real !== undefined && !isBroad(real)) places.add(real);
  }

  async function addProgram(program: string, depth: number): Promise<void> {
    const path = await findProgram(program, search);
    if (path === undefined || seen.has(path)) return;
    seen.add(path);
    const file = await addFile(path);
    const interpreter = file && depth > 0 ? await interpreterOf(file) : undefined;
    if (interpreter !== undefined) await addProgram(interpreter, depth - 1);
  }

  /** Adds the folder of each link and of the file. Returns the file. */
  async function addFile(path: string): Promise<string | undefined> {
    let at = path;
    for (let links = 0; links < MOST_LINKS; links++) {
      await addPlace(at);
      const target = await Deno.readLink(at).catch(() => undefined);
      if (target === undefined) break;
      at = resolve(dirname(at), target);
    }
    const real = await realOf(path);
    if (real !== undefined) await addPlace(real);
    return real;
  }

  async function addPlace(path: string): Promise<void> {
    const folder = await realOf(packageOf(path) ?? dirname(path));
    if (folder === undefined) return;
    if (!isBroad(folder)) places.add(folder);
    else if (await isFile(path)) places.add(join(folder, basename(path)));
  }
}

/** A program of a Node package needs the packages beside its own. */
function packageOf(path: string): string | undefined {
  return /^(.*?\/node_modules)\//.exec(path)?.[1];
}

/** The program that the script's first line names. */
async function interpreterOf(file: string): Promise<string | undefined> {
  try {
    using opened = await Deno.open(file);
    const buffer = new Uint8Array(HEAD_BYTES);
    const line = new TextDecoder().decode(buffer.subarray(0, await opened.read(buffer) ?? 0)).split(
      "\n",
      1,
    )[0]!;
    const [, first, second] = /^#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?/.exec(line) ?? [];
    return first !== undefined && basename(first) === "env" ? second : first;
  } catch {
    // It may be run, but not read.
    return undefined;
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.isFile === true;
}

async function realOf(path: string): Promise<string | undefined> {
  return await Deno.realPath(path).catch(() => undefined);
}
