/** `deno task fmt`: formats the files whose formatting `deno task test` checks. */
import { fileURLToPath } from "node:url";
import { FORMATTED } from "./sources.ts";

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["fmt", ...FORMATTED],
  cwd: fileURLToPath(new URL("..", import.meta.url)),
}).spawn().status;
Deno.exit(code);
