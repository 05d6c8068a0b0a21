/** `deno task pack [client] [program] [--output DIR]`: makes the npm packages, both unless one is named. */
import { outputOf } from "./output_folder.ts";
import { packClient } from "./packages/client.ts";
import { packProgram } from "./packages/program.ts";

const PACKAGES = { client: packClient, program: packProgram };

const { output, chosen } = outputOf("pack", Object.keys(PACKAGES));
for (const [name, pack] of Object.entries(PACKAGES)) {
  if (chosen.length === 0 || chosen.includes(name)) console.log(await pack(output));
}
