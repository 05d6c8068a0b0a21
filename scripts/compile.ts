/**
 * `deno task compile [--output PATH]`: the whole program as one binary, with the permissions of `deno task start`.
 * The Deno that runs this compiles, unless it cannot download its base binary; then an older one does, from npm.
 */
import { dirname, resolve } from "node:path";
import { compileWithNpm, hasNpmBase } from "./compile_with_npm.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const ENTRY = "opencode-agents.ts";
/** Long enough to download a base binary; no more than a minute where there is another way. */
const PATIENCE_MS = hasNpmBase() ? 60_000 : 600_000;

/** The flags between `deno run` and the program in the task `start`. */
function startFlags(task: string): string[] {
  const words = task.split(/\s+/);
  return words.slice(words.indexOf("run") + 1, words.indexOf(ENTRY));
}

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
const manifest = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
// Types are checked by `deno task test`.
const flags = ["--no-check", "--unstable-kv", ...startFlags(manifest.tasks.start), "--output", output];

const failure = await compileHere(["compile", "--quiet", ...flags, ENTRY]);
if (failure !== undefined) {
  if (!/base binary|no result within/.test(failure) || !hasNpmBase()) {
    console.error(failure);
    Deno.exit(1);
  }
  console.log("This Deno cannot have its base binary; compiling with another Deno, from npm");
  await compileWithNpm(ROOT, ENTRY, flags);
}
const { size } = await Deno.stat(output);
console.log(`${output} (${Math.round(size / 1e6)} MB)`);
