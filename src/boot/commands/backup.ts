/** `backup`: the store in one file, as of now, also while a server runs. */
import type { Command } from "commander";
import type { Cli } from "../../cli/cli.ts";
import type { Handlers } from "../handlers.ts";
import { path } from "../../cli/options.ts";
import { storeCommand, type StoreFlags, storeFolder } from "./store_command.ts";
import { bytes as size } from "../../protocol/formats.ts";

export function addBackup(program: Command, cli: Cli, { store }: Handlers): void {
  storeCommand(
    program,
    "backup",
    "write the store to a file, as of now and checked; a server may run meanwhile",
  )
    .argument("<file>", "", path)
    .option("--force", "replace the file if it is there already")
    .action(async (file: string, flags: StoreFlags & { force?: boolean }) => {
      const folder = await storeFolder(flags);
      const { bytes } = await store.backup({ folder, file, force: flags.force ?? false });
      if (flags.json) return cli.terminal.json({ file, bytes }, 2);
      cli.terminal.line(`${file}: ${size(bytes)}, checked`);
    });
}
