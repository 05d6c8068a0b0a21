/** The option `--output DIR` of the tasks that make what is published. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./root.ts";

const FOLDER = "dist";

/** The folder, and the other arguments. Ends the program if there is anything else than `names` among them. */
export function outputOf(task: string, names: readonly string[] = []): { output: string; chosen: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args,
      options: { output: { type: "string" } },
      allowPositionals: true,
    });
    const unknown = positionals.filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new TypeError(`unexpected: ${unknown.join(" ")}`);
    return { output: resolve(values.output ?? join(ROOT, FOLDER)), chosen: positionals };
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: deno task ${task} ${
        names.map((name) => `[${name}] `).join("")
      }[--output DIR]`,
    );
    Deno.exit(2);
  }
}
