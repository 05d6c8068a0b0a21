/** How to start this program again, for the helpers that run beside the server. */
import { fileURLToPath } from "node:url";

/** In the built program, all modules are in one folder, beside the entry. */
const IS_BUILT = import.meta.url.endsWith(".js");
const MAIN = pathOf(IS_BUILT ? "main.js" : "../../main.ts");
/** The built program contains its packages. */
const CONFIG = IS_BUILT ? ["--no-config"] : ["--config", pathOf("../../deno.json")];
/** The folder of this program. */
export const OWN_FOLDER = pathOf(IS_BUILT ? "." : "../..");
/** The folder with the dashboard's files. */
export const DASHBOARD = pathOf(IS_BUILT ? "../dashboard" : "../../dist/dashboard");

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** The command that runs one of our own subcommands, from a checkout or as a binary, with these permissions. */
export function selfCommand(subcommand: string, permissions: string[]): string[] {
  if (isCompiled()) return [Deno.execPath(), subcommand];
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    ...CONFIG,
    ...permissions,
    MAIN,
    subcommand,
  ];
}

/** A compiled program's executable is not called deno. */
function isCompiled(): boolean {
  return !/[/\\]deno(\.exe)?$/.test(Deno.execPath());
}
