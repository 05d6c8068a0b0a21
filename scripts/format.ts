/** `deno task fmt`: formats the files whose formatting `deno task test` checks. */
import { FORMATTED } from "./sources.ts";

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["fmt", ...FORMATTED],
  cwd: new URL("..", import.meta.url).pathname,
}).spawn().status;
Deno.exit(code);
