/** How to start this very program again, for the helpers that run beside the server. */

/** The command that runs one of our own subcommands, from a checkout or as a binary, with these permissions. */
export function selfCommand(main_url: string, subcommand: string, permissions: string[]): string[] {
  if (isCompiled()) return [Deno.execPath(), subcommand];
  const config = new URL("deno.json", main_url).pathname;
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--config",
    config,
    ...permissions,
    new URL(main_url).pathname,
    subcommand,
  ];
}

/** A compiled program's executable is not called deno. */
function isCompiled(): boolean {
  return !/[/\\]deno(\.exe)?$/.test(Deno.execPath());
}
