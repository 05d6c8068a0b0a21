/**
 * `deno task compile [--output PATH]`: the whole program as one binary, with the permissions of `deno task start`.
 * The Deno that runs this compiles, unless it cannot download its base binary; then an older one does, from npm.
 */
import { dirname, resolve } from "node:path";
import { buildDashboard } from "./dashboard.ts";
import { compileWithNpm, hasNpmBase } from "./compile_with_npm.ts";
import { START_PERMISSIONS, V8_FLAGS } from "./start_flags.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const ENTRY = "main.ts";
/** The web page's files, which the program reads as if they lay beside it. */
const DASHBOARD = "dist/dashboard";
/** Long enough to download a base binary; no more than a minute where there is another way. */
const PATIENCE_MS = hasNpmBase() ? 60_000 : 600_000;

function outputPath(args: string[]): string {
  if (args.length === 0) return "dist/opencode-agents";
  if (args.length === 2 && args[0] === "--output") return args[1]!;
  console.error("usage: deno task compile [--output PATH]");
  Deno.exit(2);
}

/** What this Deno says when it fails is kept back until it is known whether there is another way. */
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
// Under another name until it is complete: what an earlier run made must not pass for this one's.
const fresh = `${output}.new`;
await Deno.remove(fresh).catch((error) => {
  // Only a run that was interrupted leaves one.
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
    "This Deno cannot have its base binary; compiling with Deno 2.4.2 from npm, without the lock file",
  );
  // Inherited by that Deno, which reads the program's imports on threads whose default stack is too small for them.
  Deno.env.set("RUST_MIN_STACK", String(16 << 20));
  await compileWithNpm(ROOT, [ENTRY, DASHBOARD], flags);
}
// Whatever the exit code was: what is not there was not made.
const made = await Deno.stat(fresh).catch((error) => {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
});
if (made === undefined) {
  console.error(`the compiler made nothing; ${output} is as it was`);
  Deno.exit(1);
}
await Deno.rename(fresh, output);
console.log(`${output} (${Math.round(made.size / 1e6)} MB)`);
