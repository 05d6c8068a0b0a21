/** `restore`: replaces the store by a backup. */
import type { Command } from "commander";
import type { Cli } from "../../cli/cli.ts";
import type { Handlers } from "../handlers.ts";
import { path } from "../../cli/options.ts";
import { contents, storeCommand, type StoreFlags, storeFolder } from "./store_command.ts";

export function addRestore(program: Command, cli: Cli, { store }: Handlers): void {
  storeCommand(
    program,
    "restore",
    "put a backup in the place of the store, which is kept; the server must be stopped",
  )
    .argument("<file>", "", path)
    .action(async (file: string, flags: StoreFlags) => {
      const restored = await store.restore({ folder: await storeFolder(flags), file });
      if (flags.json) return cli.terminal.json(restored, 2);
      cli.terminal.line(`restored ${contents(restored)}`);
      if (restored.kept) cli.terminal.line(`the store that was there is now ${restored.kept}`);
    });
}
