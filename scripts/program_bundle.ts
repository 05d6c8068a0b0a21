/**
 * The program as JavaScript, in `dist/server`, with the packages that it uses: it starts in half the time that its
 * modules take. What is published runs it, and so does `deno task start`.
 */
import { join, relative, resolve } from "node:path";
import { builtFolder, type Recipe } from "./built_folder.ts";
import { denoBundle } from "./deno_bundle.ts";
import { ROOT } from "./root.ts";

/** Its name below the root, wherever the program is installed. */
export const PROGRAM = "dist/server/main.js";

/** All rooms but the page's, which is a bundle of its own. */
function rooms(): string[] {
  const names = [...Deno.readDirSync(join(ROOT, "src"))].map(({ name }) => name).sort();
  return names.filter((name) => name !== "dashboard").map((name) => `src/${name}`);
}

function recipe(): Recipe {
  const inputs = [
    ...["main.ts", ...rooms(), "deno.json", "deno.lock"],
    ...["scripts/program_bundle.ts", "scripts/deno_bundle.ts"],
  ];
  return {
    name: "server",
    inputs,
    entry: "main.js",
    async make(folder) {
      await denoBundle("main.ts", folder, ["--platform", "deno", "--sourcemap", "linked"]);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      for (const name of names) {
        if (name.endsWith(".map")) await tidyMap(join(folder, name), folder, inputs);
      }
      await deferRequire(names.filter((name) => name.endsWith(".js")).map((name) => join(folder, name)));
    },
  };
}

/** Bundles the program if it is not up to date. Resolves to the folder with the files. */
export function buildProgram(): Promise<string> {
  return builtFolder(recipe());
}

/** What the bundler writes for `require` in packages, as one of the first things that every start runs. */
const REQUIRE =
  /import\{createRequire as __deno_internal_createRequire\} from "node:module";var (\w+)=__deno_internal_createRequire\(import\.meta\.url\);/;
const DEFERRED_REQUIRE =
  'var __require,$1=a=>(__require??=process.getBuiltinModule("node:module").createRequire(import.meta.url))(a);';

/**
 * Has `node:module` loaded by the first `require`: with it, Deno loads every other module of Node, a tenth of a start. Throws
 * if the bundler writes something else.
 */
async function deferRequire(files: readonly string[]): Promise<void> {
  let found = 0;
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    if (!REQUIRE.test(text)) continue;
    await Deno.writeTextFile(file, text.replace(REQUIRE, DEFERRED_REQUIRE));
    found++;
  }
  if (found !== 1) throw new Error("'require' in the bundle is not as scripts/program_bundle.ts expects it");
}

/** Where Deno keeps a file of a package: its registry, name, version and path. */
const IN_CACHE = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/([^/]+)\/(.+)$/;

/**
 * Stack traces name the sources by these maps. They contain no texts, which would be loaded with them, and no path of this
 * machine. Throws if the bundle contains a file that is not among its inputs: it would become outdated unnoticed.
 */
async function tidyMap(path: string, folder: string, inputs: readonly string[]): Promise<void> {
  const { sourcesContent: _, ...map } = JSON.parse(await Deno.readTextFile(path));
  map.sources = map.sources.map((source: string) => {
    const file = withSlashes(resolve(folder, source));
    const [, name, version, rest] = IN_CACHE.exec(file) ?? [];
    if (name !== undefined) return `npm:${name}@${version}/${rest}`;
    const own = withSlashes(relative(ROOT, file));
    if (inputs.some((input) => own === input || own.startsWith(`${input}/`))) return source;
    throw new Error(`${own} is in the bundle, but not among its inputs in scripts/program_bundle.ts`);
  });
  await Deno.writeTextFile(path, JSON.stringify(map));
}

/** As maps and inputs are written, on Windows, too. */
function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}
