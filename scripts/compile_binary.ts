/**
 * Compiles the built program into one file, with the permissions of `deno task start`. The Deno that runs this compiles
 * it. If that Deno cannot download its base binary, an older one from npm does, for this platform only.
 */
import { dirname } from "node:path";
import { buildDashboard } from "./dashboard.ts";
import { compileWithNpm, hasNpmBase, NPM_VERSION } from "./compile_with_npm.ts";
import { buildForBinary } from "./program_bundle.ts";
import { ROOT } from "./root.ts";
import { START_FLAGS } from "./start_flags.ts";

const ENTRY = "dist/binary/main.js";
/** Embedded in the binary: the dashboard's files, and the program's. */
const INCLUDED = ["dist/dashboard", dirname(ENTRY)];
/** Long enough to download a base binary, but at most a minute if npm is the alternative. */
const PATIENCE_MS = { alone: 300_000, withAlternative: 60_000 };

export interface Binary {
  bytes: number;
  /** The version of Deno in it. */
  deno: string;
}

/** Where a base binary cannot be had. The message says why. */
export class NoBaseBinary extends Error {}

/**
 * Writes the binary for `target` (by default, this platform) to `output`. Throws `NoBaseBinary`, or an error with what
 * the compiler said. A file that is there already is replaced only by a complete one.
 */
export async function compileBinary(output: string, target: string = Deno.build.target): Promise<Binary> {
  await Deno.mkdir(dirname(output), { recursive: true });
  const fresh = `${output}.new`;
  await Deno.remove(fresh).catch((error) => {
    // An interrupted run may have left it.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Promise.all([buildForBinary(), buildDashboard()]);
  const deno = await compileTo(fresh, target);
  // The exit code does not say reliably whether the file was made.
  const made = await Deno.stat(fresh).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (made === undefined) throw new Error(`the compiler produced no file; ${output} is unchanged`);
  await Deno.rename(fresh, output);
  return { bytes: made.size, deno };
}

/** Resolves to the version of Deno that compiled. */
async function compileTo(output: string, target: string): Promise<string> {
  // Types are checked by `deno task test`.
  const flags = [
    ...["--no-check", "--no-prompt", ...START_FLAGS],
    ...[...INCLUDED.flatMap((folder) => ["--include", folder]), "--output", output],
  ];
  const hasAlternative = target === Deno.build.target && hasNpmBase();
  const patience_ms = hasAlternative ? PATIENCE_MS.withAlternative : PATIENCE_MS.alone;
  try {
    await compileHere([...flags, "--target", target], patience_ms);
    return Deno.version.deno;
  } catch (error) {
    if (!(error instanceof NoBaseBinary) || !hasAlternative) throw error;
  }
  console.error(
    `This Deno cannot download its base binary. Compiling with Deno ${NPM_VERSION} from npm.`,
  );
  await compileWithNpm(ROOT, ENTRY, INCLUDED, flags);
  return NPM_VERSION;
}

async function compileHere(flags: string[], patience_ms: number): Promise<void> {
  const { success, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--quiet", ...flags, ENTRY],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
    signal: AbortSignal.timeout(patience_ms),
  }).output();
  if (success) return;
  if (signal) throw new NoBaseBinary(`no base binary within ${patience_ms / 1000} s`);
  const said = new TextDecoder().decode(stderr);
  if (!/base binary/.test(said)) throw new Error(said);
  const reason = /error sending request[^\n]*/.exec(said)?.[0] ?? said.trim();
  throw new NoBaseBinary(`Deno cannot download its base binary: ${reason}`);
}
