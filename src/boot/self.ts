/** How to start this program again, for the helpers that run beside the server. */
import { fileURLToPath } from "node:url";

/** In the npm package, the modules are JavaScript. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const MAIN = fileURLToPath(new URL(`../../main${EXTENSION}`, import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** The command that runs one of our own subcommands, from a checkout or as a binary, with these permissions. */
export function selfCommand(subcommand: string, permissions: string[]): string[] {
  if (isCompiled()) return [Deno.execPath(), subcommand];
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--config",
    CONFIG,
    ...permissions,
    MAIN,
    subcommand,
  ];
}

/** A compiled program's executable is not called deno. */
function isCompiled(): boolean {
  return !/[/\\]deno(\.exe)?$/.test(Deno.execPath());
}
