/**
 * `deno task test [FILES]`: formatting, lint, types and all tests (or the given files). The last line says
 * `N passed, N failed`; the checks count as a test each, and one that fails is named.
 */
import { closingCount, type Count, summary, totalCount } from "./test_count.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Named, not `.`: what lies about at the root belongs to nobody. */
const SOURCES = [
  "main.ts",
  "src",
  "tests",
  "scripts",
];
const CHECKS = [
  { name: "formatting", args: ["fmt", "--check", "--quiet", "deno.json", ...SOURCES] },
  { name: "lint", args: ["lint", "--quiet", ...SOURCES] },
  { name: "types", args: ["check", "--quiet", ...SOURCES] },
];
const TEST = ["test", "-A", "--no-check", "--unstable-kv", "--sanitize-ops", "--sanitize-resources"];

function deno(args: string[], stdout: "inherit" | "piped"): Deno.ChildProcess {
  // Without colours, which would stand between the words of the closing line.
  const env = { NO_COLOR: "1" };
  return new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env, stdin: "null", stdout }).spawn();
}

/** Passes the test runner's output on as it comes, and answers its last closing line's count. */
async function passOn(output: ReadableStream<Uint8Array>): Promise<Count | undefined> {
  const decoder = new TextDecoder();
  let line = "";
  let count: Count | undefined;
  for await (const chunk of output) {
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await Deno.stdout.write(rest));
    const lines = (line + decoder.decode(chunk, { stream: true })).split("\n");
    line = lines.pop()!;
    for (const each of lines) count = closingCount(each) ?? count;
  }
  return closingCount(line) ?? count;
}

/** Whether each check holds, one after another. */
async function check(): Promise<boolean[]> {
  const all_ok: boolean[] = [];
  for (const { name, args } of CHECKS) {
    const { success } = await deno(args, "inherit").status;
    console.log(`${name} ... ${success ? "ok" : "FAILED"}`);
    all_ok.push(success);
  }
  return all_ok;
}

// One process, one file after another: some look at all processes of the machine.
const runner = deno([...TEST, ...(Deno.args.length > 0 ? Deno.args : ["tests"])], "piped");
// The checks run beside the first tests, which wait more than they compute.
const [checks_ok, tests, { success }] = await Promise.all([check(), passOn(runner.stdout), runner.status]);

CHECKS.forEach(({ name }, i) => checks_ok[i] || console.log(`FAILED: ${name}`));
const total = totalCount(tests, success, checks_ok);
console.log(summary(total));
Deno.exit(total.failed > 0 ? 1 : 0);
