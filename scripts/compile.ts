/**
 * `deno task compile [--output PATH]`: the program as one binary, with the permissions of `deno task start`. The
 * Deno that runs this script compiles it. If that Deno cannot download its base binary, an older one from npm does.
 */
import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";
import { buildDashboard } from "./dashboard.ts";
import { compileWithNpm, hasNpmBase } from "./compile_with_npm.ts";
import { START_PERMISSIONS, V8_FLAGS } from "./start_flags.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRY = "main.ts";
/** The dashboard's files, which are embedded in the binary. */
const DASHBOARD = "dist/dashboard";
/** Long enough to download a base binary, but at most a minute if npm is the alternative. */
const PATIENCE_MS = hasNpmBase() ? 60_000 : 600_000;

function outputPath(args: string[]): string {
  if (args.length === 0) return "dist/opencode-agents";
  if (args.length === 2 && args[0] === "--output") return args[1]!;
  console.error("usage: deno task compile [--output PATH]");
  Deno.exit(2);
}

/** Compiles. Resolves to what Deno prints if it fails, which is shown only if there is no alternative. */
async function compileHere(args: string[]): Promise<string | undefined> {
  const { success, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  if (success) return undefined;
  return signal ? `no result within ${PATIENCE_MS / 1000} s` : new TextDecoder().decode(stderr);
}

const output = resolve(outputPath(Deno.args));
await Deno.mkdir(dirname(output), { recursive: true });
// The file has a temporary name until it is complete, so that an earlier run's output is not mistaken for it.
const fresh = `${output}.new`;
await Deno.remove(fresh).catch((error) => {
  // An interrupted run may have left it.
  if (!(error instanceof Deno.errors.NotFound)) throw error;
});
await buildDashboard();
// Types are checked by `deno task test`.
const flags = [
  "--no-check",
  "--no-prompt",
  "--unstable-kv",
  ...V8_FLAGS,
  ...START_PERMISSIONS,
  "--include",
  DASHBOARD,
  "--output",
  fresh,
];

const failure = await compileHere(["compile", "--quiet", ...flags, ENTRY]);
if (failure !== undefined) {
  if (!/base binary|no result within/.test(failure) || !hasNpmBase()) {
    console.error(failure);
    Deno.exit(1);
  }
  console.error(
    "This Deno cannot download its base binary. Compiling with Deno 2.4.2 from npm, without the lock file.",
  );
  // That Deno inherits this: the default stack of its threads is too small for the program's module graph.
  Deno.env.set("RUST_MIN_STACK", String(16 << 20));
  await compileWithNpm(ROOT, [ENTRY, DASHBOARD], flags);
}
// The exit code does not say reliably whether the file was made.
const made = await Deno.stat(fresh).catch((error) => {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
});
if (made === undefined) {
  console.error(`the compiler produced no file; ${output} is unchanged`);
  Deno.exit(1);
}
await Deno.rename(fresh, output);
console.log(`${output} (${Math.round(made.size / 1e6)} MB)`);
