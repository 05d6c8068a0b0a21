/** The test files, the order in which they start, and which of them need the machine to themselves. */
import { join } from "node:path";

/** The folders of `tests`, those with the slowest files first, so that no long file starts last. */
const ORDER = [
  "matrix",
  "browser",
  "agents",
  "faults",
  "nodes",
  "client",
  "simulation",
  "mcp",
  "cli",
  "api",
  "unit",
  "long",
];

/** These list all processes of the machine, measure its load, or time what other tests would slow down. */
const ALONE = new Set([
  "tests/api/processes_test.ts",
  "tests/api/processes_kill_test.ts",
  "tests/api/resources_test.ts",
  "tests/faults/latency_test.ts",
  "tests/unit/monitor_real_test.ts",
]);

/** These run real agents and compilers, which use the whole machine. */
export const needsMachine = (file: string): boolean => ALONE.has(file) || file.startsWith("tests/long/");

export const needsBrowser = (file: string): boolean => file.startsWith("tests/browser/");

/** The test files at and below `paths`, relative to `root`, in the order in which they start. */
export async function testFiles(root: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    if ((await Deno.stat(join(root, path))).isFile) return void found.push(path);
    for await (const { name, isDirectory } of Deno.readDir(join(root, path))) {
      if (isDirectory || name.endsWith("_test.ts")) await walk(join(path, name));
    }
  };
  for (const path of paths) await walk(path);
  const place = (file: string) => ORDER.indexOf(file.split("/")[1] ?? "");
  return found.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}
