/** The npm packages that the programs of this checkout import. */
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
 * The contents of the programs that begin with these modules; their packages are downloaded if need be. Throws if one of
 * the modules is missing or a package is not as locked.
 */
export async function contentsOf(entries: readonly string[]): Promise<Contents> {
  // Whatever the module, Deno downloads all packages that are locked.
  await runDeno("cache", "--quiet", "--frozen", "main.ts");
  const imported = new Set<string>();
  const folders = new Map<string, string>();
  for (const { modules, npmPackages } of await Promise.all(entries.map(graphOf))) {
    for (const { kind, specifier, npmPackage, error } of modules) {
      // `deno bundle` takes style sheets, which `deno info` reports as errors.
      if (error !== undefined && !specifier.endsWith(".css")) throw new Error(`${specifier}: ${error}`);
      if (kind === "npm") imported.add(npmPackage!);
    }
    for (const [id, { localPath }] of Object.entries(npmPackages)) folders.set(id, localPath);
  }
  return { imported: [...imported].sort(), folders };
}

async function graphOf(entry: string): Promise<ModuleGraph> {
  return JSON.parse(await runDeno("info", "--json", "--frozen", entry));
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
