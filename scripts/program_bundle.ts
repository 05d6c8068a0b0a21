/**
 * The program as JavaScript, in `dist/server`, with the packages that it uses: it starts in half the time that its
 * modules take. What is published runs it, and so does `deno task start`.
 */
import { join, relative, resolve } from "node:path";
import { builtFolder, type Recipe } from "./built_folder.ts";
import { denoBundle } from "./deno_bundle.ts";
import { writeEntries } from "./entry_files.ts";
import { ROOT } from "./root.ts";

/** Its name below the root, wherever the program is installed. */
export const PROGRAM = "dist/server/main.js";

/** All rooms but the page's, which is a bundle of its own. */
function rooms(): string[] {
  const names = [...Deno.readDirSync(join(ROOT, "src"))].map(({ name }) => name).sort();
  return names.filter((name) => name !== "dashboard").map((name) => `src/${name}`);
}

const MINIFIED = ["--minify", "--sourcemap", "linked"];

function recipe(name: string, flags: readonly string[]): Recipe {
  const inputs = [
    ...["main.ts", ...rooms(), "deno.json", "deno.lock"],
    ...["scripts/program_bundle.ts", "scripts/deno_bundle.ts", "scripts/entry_files.ts"],
  ];
  return {
    name,
    inputs,
    entry: "main.js",
    async make(folder) {
      await denoBundle("main.ts", folder, ["--platform", "deno", ...flags]);
      for (const { name } of [...Deno.readDirSync(folder)]) {
        if (name.endsWith(".map")) await rewrite(join(folder, name), (text) => tidyMap(text, folder, inputs));
        if (name.endsWith(".js")) await rewrite(join(folder, name), tidyText);
      }
      if (flags.includes("--sourcemap")) await writeEntries(folder);
    },
  };
}

/** Bundles the program if it is not up to date. Resolves to the folder with the files. */
export function buildProgram(): Promise<string> {
  return builtFolder(recipe("server", MINIFIED));
}

/** The same for a binary, in `dist/binary`: stack traces in a binary name no sources, so the bundle itself stays readable. */
export function buildForBinary(): Promise<string> {
  return builtFolder(recipe("binary", []));
}

async function rewrite(file: string, change: (text: string) => string): Promise<void> {
  await Deno.writeTextFile(file, change(await Deno.readTextFile(file)));
}

/** What the bundler writes for `require` in packages, as one of the first things that every start runs. */
const REQUIRE =
  /import ?\{ ?createRequire as __deno_internal_createRequire ?\} from "node:module";\s*var (\w+) ?= ?__deno_internal_createRequire\(import\.meta\.url\);/;
const DEFERRED_REQUIRE =
  'var __deferred,$1=a=>(__deferred??=process.getBuiltinModule("node:module").createRequire(import.meta.url))(a);';

/**
 * Has `node:module` loaded by the first `require`: with it, Deno loads every other module of Node, which takes 12 ms. A
 * bundler that writes something else only makes the start slower.
 */
function deferRequire(text: string): string {
  return text.replace(REQUIRE, DEFERRED_REQUIRE);
}

/** Where Deno keeps a file of a package: its registry, name, version and path. */
const IN_CACHE = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/([^/]+)\/(.+)$/;

/**
 * Stack traces name the sources by these maps. They contain no texts, which would be loaded with them, and no path of this
 * machine. Throws if the bundle contains a file that is not among its inputs: it would become outdated unnoticed.
 */
function tidyMap(text: string, folder: string, inputs: readonly string[]): string {
  const { sourcesContent: _, ...map } = JSON.parse(text);
  map.sources = map.sources.map((source: string) => {
    const file = withSlashes(resolve(folder, source));
    const [, name, version, rest] = IN_CACHE.exec(file) ?? [];
    if (name !== undefined) return `npm:${name}@${version}/${rest}`;
    const own = withSlashes(relative(ROOT, file));
    if (inputs.some((input) => own === input || own.startsWith(`${input}/`))) return source;
    throw new Error(`${own} is in the bundle, but not among its inputs in scripts/program_bundle.ts`);
  });
  return JSON.stringify(map);
}

/** Without minifying, the bundler names the packages' files by their place on this machine. */
const PLACE_IN_CACHE = /(?:\.\.\/)+[^"\s]*?\/npm\/[^/"\s]+\/((?:@[^/"\s]+\/)?[^/"\s]+)\/(\d[^/"\s]*)\//g;

function tidyNames(text: string): string {
  return text.replace(PLACE_IN_CACHE, "npm:$1@$2/");
}

/** A single other character doubles what the runtime keeps of a file: two bytes for each character. */
const NOT_LATIN = /[\u0100-\uffff]/g;

function inLatin(text: string): string {
  return text.replace(NOT_LATIN, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function tidyText(text: string): string {
  return inLatin(tidyNames(deferRequire(text)));
}

/** As maps and inputs are written, on Windows, too. */
function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}
