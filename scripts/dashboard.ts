/**
 * `deno task dashboard`: the web page's sources as files that a browser loads, in `dist/dashboard`. Does nothing when
 * they are newer than their sources. Run by the tasks that start, test and compile.
 */
import { createRequire } from "node:module";
import { join } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname;
const OUTPUT = join(ROOT, "dist", "dashboard");
/** Everything the bundle is made from. */
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
/** The Latin subsets of the typefaces, by the names that `fonts.css` gives them. */
const FONTS = {
  "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "jetbrains_mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};
const STAMP = ".sources";
const BUNDLE_WITHIN_MS = 300_000;

/** Bundles if need be; the folder with the files. */
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
  // Stdout belongs to the server that is started next.
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

/** File by file, each at once: another start may be doing the same. What is not part of it any more goes. */
async function replaceFiles(fresh: string): Promise<void> {
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(fresh)) names.add(name);
  // The stamp last: it says that all the others are there.
  for (const name of [...names].sort((a, b) => Number(a === STAMP) - Number(b === STAMP))) {
    await Deno.rename(join(fresh, name), join(OUTPUT, name));
  }
  for await (const { name } of Deno.readDir(OUTPUT)) {
    if (!names.has(name)) await Deno.remove(join(OUTPUT, name)).catch(ignoreMissing);
  }
}

/** Names, sizes and times of change of these files and of all in these folders. */
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
