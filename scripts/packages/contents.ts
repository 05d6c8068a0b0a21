/** The npm packages that a program of this checkout imports. */
import { join } from "node:path";
import { ROOT } from "../root.ts";
import type { DenoLock } from "./deno_lock.ts";

/** Long enough for a first download. */
const RUN_WITHIN_MS = 300_000;

export interface Contents {
  /** The ids of the packages that the modules import, sorted. */
  imported: string[];
  /** The folder in which Deno keeps a package, by id. */
  folders: Map<string, string>;
}

/** What `deno info --json` prints, as far as it is used here. */
interface ModuleGraph {
  modules: { kind?: string; specifier: string; npmPackage?: string; error?: string }[];
  npmPackages: Record<string, { localPath: string }>;
}

/**
 * The contents of the program that begins with this module; its packages are downloaded if need be. Throws if one of its
 * modules is missing or a package is not as locked.
 */
export async function contentsOf(entry: string): Promise<Contents> {
  // Whatever the module, Deno downloads all packages that are locked.
  await runDeno("cache", "--quiet", "--frozen", "main.ts");
  const { modules, npmPackages }: ModuleGraph = JSON.parse(
    await runDeno("info", "--json", "--frozen", entry),
  );
  const imported = new Set<string>();
  for (const { kind, specifier, npmPackage, error } of modules) {
    // `deno bundle` takes style sheets, which `deno info` reports as errors.
    if (error !== undefined && !specifier.endsWith(".css")) throw new Error(`${specifier}: ${error}`);
    if (kind === "npm") imported.add(npmPackage!);
  }
  return {
    imported: [...imported].sort(),
    folders: new Map(Object.entries(npmPackages).map(([id, { localPath }]) => [id, localPath])),
  };
}

export async function ownLock(): Promise<DenoLock> {
  return JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock")));
}

async function runDeno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(RUN_WITHIN_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`deno ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}
