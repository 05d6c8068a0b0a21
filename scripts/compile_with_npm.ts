/**
 * Compiles where the base binary of `deno compile` cannot be downloaded. npm has Deno itself, and also a program that
 * was compiled with Deno 2.4.2. The runtime embedded in that program serves as the base binary of that version.
 */
import { join } from "node:path";
import { sha256 } from "../src/domain/sha256.ts";

export const NPM_VERSION = "2.4.2";
const DENO = "@deno/linux-x64-glibc";
const BASE = "@vltpkg/cli-linux-x64";
const BASE_VERSION = "0.0.0-18";
/** The files that are used, by the SHA-256 of what they are known to be: what a registry says it has is not enough. */
const FILES = {
  deno: { path: `${DENO}/deno`, sha256: "1d6580e813252f6b27a41d97d2e3725a408baa2e765a86e45f65b228d3e93ad6" },
  base: { path: `${BASE}/vlt`, sha256: "b38c4d77b5394feb3660d20f9d0ebabd01276534f139d579efd5d5f55c2a42bc" },
};
const INSTALL_WITHIN_MS = 300_000;
const COMPILE_WITHIN_MS = 300_000;

/** Whether npm has a base binary for this machine. */
export function hasNpmBase(): boolean {
  return Deno.build.os === "linux" && Deno.build.arch === "x86_64" && Deno.build.env === "gnu";
}

/** Compiles `entry`, with these folders, all relative to `root`. Throws an error that says what failed. */
export async function compileWithNpm(
  root: string,
  entry: string,
  folders: readonly string[],
  flags: string[],
): Promise<void> {
  const tools = await installedTools();
  // A folder with these files only: anything else beside them would be embedded.
  const sources = await Deno.makeTempDir({ prefix: "opencode-agents-compile-" });
  try {
    for (const folder of folders) await copyFolder(join(root, folder), join(sources, folder));
    const args = ["compile", "--quiet", ...flags, entry];
    await run(join(tools, "deno"), args, COMPILE_WITHIN_MS, {
      cwd: sources,
      env: {
        DENORT_BIN: join(tools, "base"),
        // By default, Deno trusts only its own certificates, not those of a company's proxy.
        DENO_TLS_CA_STORE: "system,mozilla",
      },
    });
  } finally {
    await Deno.remove(sources, { recursive: true });
  }
}

/** The folder with that Deno and the base binary, cached after the first download. */
async function installedTools(): Promise<string> {
  const folder = join(cacheFolder(), "opencode-agents", `compile-with-${NPM_VERSION}`);
  if (await exists(folder)) return await checked(folder);
  await Deno.mkdir(join(folder, ".."), { recursive: true });
  const fresh = await Deno.makeTempDir({ dir: join(folder, ".."), prefix: "installing-" });
  const packages = join(fresh, "packages");
  try {
    await Deno.mkdir(packages);
    const dependencies = { [DENO]: NPM_VERSION, [BASE]: BASE_VERSION };
    await Deno.writeTextFile(join(packages, "package.json"), JSON.stringify({ private: true, dependencies }));
    await run(Deno.execPath(), ["install", "--quiet"], INSTALL_WITHIN_MS, {
      cwd: packages,
      // Only two files of these 500 MB are needed.
      env: { DENO_DIR: join(packages, ".deno-dir") },
    });
    for (const [name, { path }] of Object.entries(FILES)) {
      await Deno.copyFile(join(packages, "node_modules", path), join(fresh, name));
      await Deno.chmod(join(fresh, name), 0o755);
    }
    await Deno.remove(packages, { recursive: true });
    await checked(fresh);
    // Only a complete folder gets the name that the next run looks for.
    await Deno.rename(fresh, folder);
  } catch (error) {
    await Deno.remove(fresh, { recursive: true });
    // Another run may have finished first.
    if (!await exists(folder)) throw error;
  }
  return folder;
}

/** Returns the folder. Throws unless its files are those that are known. */
export async function checked(folder: string): Promise<string> {
  for (const [name, { sha256: expected }] of Object.entries(FILES)) {
    const file = join(folder, name);
    const found = await sha256(await Deno.readFile(file));
    if (found !== expected) {
      throw new Error(`${file} is not the file it should be: its SHA-256 is ${found}, not ${expected}`);
    }
  }
  return folder;
}

function cacheFolder(): string {
  return Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? ".", ".cache");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    // The stamp of the dashboard is for its next build.
    if (!name.startsWith(".")) await (isDirectory ? copyFolder : copyFile)(join(from, name), join(to, name));
  }
}

/** Copies the file without its time, which would be in the binary: two builds of the same sources are the same. */
async function copyFile(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.utime(to, new Date(0), new Date(0));
}

async function run(
  program: string,
  args: string[],
  within_ms: number,
  options: Deno.CommandOptions = {},
): Promise<void> {
  const { success, code } = await new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    signal: AbortSignal.timeout(within_ms),
  }).output();
  if (!success) throw new Error(`${program} ${args[0]} failed (exit ${code})`);
}
