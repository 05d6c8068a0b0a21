/**
 * `deno task test [FILES]`: formatting, lint, types, and the quick tests or the given files.
 * `deno task test:long [FILES]`: the same at full size, with the tests that take minutes.
 *
 * Each file runs in its own process, several at once. Files that need the machine to themselves come last.
 * A few files that failed run once more, alone: what passes then is named as flaky, for somebody to mend.
 * The last line says `N passed, N failed`. Each check counts as a test; failed checks are named.
 */
import { SIZES, type Tier, TIER_VARIABLE } from "../tests/fixtures/tier.ts";
import { buildDashboard } from "./dashboard.ts";
import { buildProgram } from "./program_bundle.ts";
import { ROOT } from "./root.ts";
import { FORMATTED, SOURCES } from "./sources.ts";
import { BROWSER_VARIABLE, startBrowser } from "./test_browser.ts";
import { type Count, countOf, summary, totalCount } from "./test_count.ts";
import { needsBrowser, needsMachine, testFiles } from "./test_files.ts";

const CHECKS = [
  // Not quiet: only then does it name the files.
  { name: "formatting", args: ["fmt", "--check", ...FORMATTED] },
  { name: "lint", args: ["lint", "--quiet", ...SOURCES] },
  { name: "types", args: ["check", "--quiet", ...SOURCES] },
];
const TEST = ["test", "-A", "--no-check", "--unstable-kv"];
/** Not for browser tests: their code runs elsewhere, and the connection to Chromium closes a little late. */
const NO_LEAKS = ["--sanitize-ops", "--sanitize-resources"];
/** More files at once than cores: tests wait more than they compute. */
const AT_ONCE = navigator.hardwareConcurrency + 1;
/** Far longer than any file takes, on a slow machine too. A file that hangs fails the run. */
const FILE_MINUTES: Record<Tier, number> = { quick: 15, long: 120 };

/** More failures than these are no accident of a busy machine. */
const RERUN_MAX = 6;

const [tier, paths]: [Tier, string[]] = Deno.args[0] === "--long"
  ? ["long", Deno.args.slice(1)]
  : ["quick", Deno.args];

interface Result {
  file: string;
  count: Count;
}

/** Runs the checks one after another, alongside the first tests. Resolves to whether each passed. */
async function check(): Promise<boolean[]> {
  const all_ok: boolean[] = [];
  for (const { name, args } of CHECKS) {
    const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" }).spawn()
      .status;
    console.log(`${name} ... ${success ? "ok" : "FAILED"}`);
    all_ok.push(success);
  }
  return all_ok;
}

/** Runs one file and prints its output in one piece. */
async function run(file: string, env: Record<string, string>): Promise<Result> {
  const started_ms = performance.now();
  const signal = AbortSignal.timeout(FILE_MINUTES[tier] * 60_000);
  // A file, not a pipe: a process that a test leaves behind would hold a pipe open.
  const args = [...TEST, ...needsBrowser(file) ? [] : NO_LEAKS, file];
  const output = await Deno.makeTempFile({ prefix: "oa-test-output-" });
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `exec "$@" > "$0" 2>&1`, output, Deno.execPath(), ...args],
    cwd: ROOT,
    // No colors: their codes would break up the words of the closing line.
    env: { ...env, NO_COLOR: "1", [TIER_VARIABLE]: tier },
    stdin: "null",
    signal,
  }).spawn().status;
  const text = await Deno.readTextFile(output);
  await Deno.remove(output);
  const seconds = ((performance.now() - started_ms) / 1000).toFixed(1);
  console.log(`\n${file} (${seconds} s)${signal.aborted ? ": did not end in time" : ""}\n${text.trim()}`);
  return { file, count: countOf(text, success) };
}

/** Runs the files, `at_once` at a time, and yields their results as they finish. */
async function runAll(files: string[], at_once: number, env: Record<string, string>): Promise<Result[]> {
  const waiting = [...files];
  const results: Result[] = [];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      results.push(await run(file, env));
    }
  };
  await Promise.all(Array.from({ length: at_once }, worker));
  return results;
}

const files = await testFiles(ROOT, paths.length > 0 ? paths : ["tests"]);
// Once, so that several processes do not each download or compile the same.
await new Deno.Command(Deno.execPath(), { args: ["cache", "--quiet", "main.ts", ...files], cwd: ROOT })
  .spawn().status;
await Promise.all([buildProgram(), buildDashboard()]);
const browser = files.some(needsBrowser) ? await startBrowser() : undefined;
const env: Record<string, string> = browser ? { [BROWSER_VARIABLE]: browser.endpoint } : {};
const [checks_ok, results] = await Promise.all([
  check(),
  runAll(files.filter((file) => !needsMachine(file)), AT_ONCE, env),
]);
results.push(...await runAll(files.filter(needsMachine), 1, env));
const flaky: string[] = [];
const failed = results.filter(({ count }) => count.failed > 0);
if (failed.length <= RERUN_MAX) {
  for (const result of failed) {
    console.log(`\n${result.file} failed, and runs once more, alone`);
    const again = await run(result.file, env);
    if (again.count.failed === 0) flaky.push(result.file);
    result.count = again.count;
  }
}
await browser?.close();

console.log("");
if (tier === "quick" && paths.length === 0) {
  const sizes = Object.entries(SIZES).map(([name, { quick, long }]) => `${name} ${quick} instead of ${long}`);
  console.log(`Left to test:long: ${sizes.join(", ")}, and the tests in tests/long, counted as skipped`);
}
CHECKS.forEach(({ name }, i) => checks_ok[i] || console.log(`FAILED: ${name}`));
flaky.forEach((file) => console.log(`FLAKY: ${file} failed at first, and passed alone`));
results.forEach(({ file, count }) => count.failed > 0 && console.log(`FAILED: ${file}`));
const total = totalCount(results.map(({ count }) => count), checks_ok);
console.log(summary(total));
Deno.exit(total.failed > 0 ? 1 : 0);
