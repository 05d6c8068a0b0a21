/** `deno task compile [--output PATH]`: the program as one binary for this platform. */
import { join, resolve } from "node:path";
import { compileBinary } from "./compile_binary.ts";
import { ROOT } from "./root.ts";

function outputPath(args: string[]): string {
  if (args.length === 0) return join(ROOT, "dist/opencode-agents");
  if (args.length === 2 && args[0] === "--output") return resolve(args[1]!);
  console.error("usage: deno task compile [--output PATH]");
  Deno.exit(2);
}

const output = outputPath(Deno.args);
try {
  const { bytes } = await compileBinary(output);
  console.log(`${output} (${Math.round(bytes / 1e6)} MB)`);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
