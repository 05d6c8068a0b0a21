/** `deno task fmt`: formats the files whose formatting `deno task test` checks. */
import { ROOT } from "./root.ts";
import { FORMATTED } from "./sources.ts";

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["fmt", ...FORMATTED],
  cwd: ROOT,
}).spawn().status;
Deno.exit(code);
