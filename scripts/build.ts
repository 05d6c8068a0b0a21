/**
 * `deno task build`: builds the program and the dashboard into `dist`. Does nothing if they are up to date. The tasks that
 * start, pack and compile run it.
 */
import { join } from "node:path";
import { buildDashboard } from "./dashboard.ts";
import { buildProgram } from "./program_bundle.ts";

/**
 * Has Deno read the imports of the program now: it keeps them in its cache. A start that reads them itself never gives
 * back the 75 MB that this takes. If it fails, the start does it.
 */
async function readImports(program: string): Promise<void> {
  const args = ["cache", "--quiet", "--no-config", join(program, "main.js")];
  await new Deno.Command(Deno.execPath(), { args, stdin: "null", stderr: "null" }).output();
}

try {
  await Promise.all([buildProgram().then(readImports), buildDashboard()]);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
