/**
 * `deno task build`: builds the program and the dashboard into `dist`. Does nothing if they are up to date. The tasks that
 * start, pack and compile run it.
 */
import { buildDashboard } from "./dashboard.ts";
import { buildProgram } from "./program_bundle.ts";

try {
  await Promise.all([buildProgram(), buildDashboard()]);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
