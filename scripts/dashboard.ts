/**
 * `deno task dashboard`: bundles the web page into files that a browser loads, in `dist/dashboard`. Does nothing if the
 * files are up to date. The tasks that start, test and compile run it.
 */
import { createRequire } from "node:module";
import { join } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname;
const OUTPUT = join(ROOT, "dist", "dashboard");
/** All sources of the bundle. */
const SOURCES = [
  "src/dashboard",
  "src/client",
  "src/clock",
  "src/domain",
  "src/protocol",
  "deno.json",
  "deno.lock",
];
const COPIED = ["index.html", "icon.svg", "fonts.css"];
/** The Latin subsets of the typefaces, under the names that `fonts.css` uses. */
export const FONTS = {
  "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "jetbrains_mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};
const STAMP = ".sources";
const BUNDLE_WITHIN_MS = 300_000;

/** Bundles if needed. Resolves to the folder with the files. */
export async function buildDashboard(): Promise<string> {
  const stamp = await stampOf(SOURCES);
  if (await contentOf(join(OUTPUT, STAMP)) === stamp) return OUTPUT;
  await Deno.mkdir(OUTPUT, { recursive: true });
  const fresh = await Deno.makeTempDir({ dir: join(ROOT, "dist"), prefix: "dashboard-" });
  try {
    await bundle(fresh);
    for (const name of COPIED) await Deno.copyFile(join(ROOT, "src/dashboard", name), join(fresh, name));
    const { resolve } = createRequire(import.meta.url);
    for (const [name, font] of Object.entries(FONTS)) await Deno.copyFile(resolve(font), join(fresh, name));
    await Deno.writeTextFile(join(fresh, STAMP), stamp);
    await replaceFiles(fresh);
  } finally {
    await Deno.remove(fresh, { recursive: true });
  }
  return OUTPUT;
}

async function bundle(folder: string): Promise<void> {
  const args = [
    ...["bundle", "--quiet", "--platform", "browser", "--minify", "--code-splitting"],
    ...["--outdir", folder, "src/dashboard/main.tsx"],
  ];
  // Stdout is for the server that starts next.
  const { success, code, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(BUNDLE_WITHIN_MS),
  }).output();
  if (!success) {
    throw new Error(
      `the dashboard could not be bundled (exit ${code}):\n${new TextDecoder().decode(stderr)}`,
    );
  }
}

/** Replaces each file atomically, since another start may do the same. Removes files that are no longer needed. */
async function replaceFiles(fresh: string): Promise<void> {
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(fresh)) names.add(name);
  // The stamp comes last: it says that all other files are complete.
  for (const name of [...names].sort((a, b) => Number(a === STAMP) - Number(b === STAMP))) {
    await Deno.rename(join(fresh, name), join(OUTPUT, name));
  }
  for await (const { name } of Deno.readDir(OUTPUT)) {
    if (!names.has(name)) await Deno.remove(join(OUTPUT, name)).catch(ignoreMissing);
  }
}

/** Names, sizes and modification times of these files and of all files in these folders. */
async function stampOf(places: string[]): Promise<string> {
  const lines: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const { isDirectory, size, mtime } = await Deno.stat(join(ROOT, path));
    if (!isDirectory) return void lines.push(`${path} ${size} ${mtime?.getTime()}`);
    for await (const { name } of Deno.readDir(join(ROOT, path))) await walk(`${path}/${name}`);
  };
  for (const place of places) await walk(place);
  return `${Deno.version.deno}\n${lines.sort().join("\n")}\n`;
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    ignoreMissing(error);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) await buildDashboard();
