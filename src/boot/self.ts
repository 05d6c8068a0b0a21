/** How to start this program again, for the helpers that run beside the server. */
import { fileURLToPath } from "node:url";

const MAIN = new URL("../../main.ts", import.meta.url);
const CONFIG = new URL("deno.json", MAIN);

/** The command that runs one of our own subcommands, from a checkout or as a binary, with these permissions. */
export function selfCommand(subcommand: string, permissions: string[]): string[] {
  if (isCompiled()) return [Deno.execPath(), subcommand];
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--config",
    fileURLToPath(CONFIG),
    ...permissions,
    fileURLToPath(MAIN),
    subcommand,
  ];
}

/** A compiled program's executable is not called deno. */
function isCompiled(): boolean {
  return !/[/\\]deno(\.exe)?$/.test(Deno.execPath());
}
