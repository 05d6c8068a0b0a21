/** `export`: the store as JSON lines. */
import type { Command } from "commander";
import { ApiError } from "../../domain/errors.ts";
import type { Cli } from "../../cli/cli.ts";
import type { Handlers } from "../handlers.ts";
import { path } from "../../cli/options.ts";
import { contents, type Counts, storeCommand, type StoreFlags, storeFolder } from "./store_command.ts";
import { writeAllSync, writeStdout } from "../../cli/standard_streams.ts";

type ExportFlags = StoreFlags & { force?: boolean; withSecrets?: boolean };

/** How much is written at once, to avoid one call per line. */
const BLOCK_CHARS = 1 << 16;

export function addExport(program: Command, cli: Cli, { store }: Handlers): void {
  storeCommand(
    program,
    "export",
    "write the store as JSON lines, as of now; a server may run meanwhile",
  )
    .argument("[file]", "", path)
    .option("--force", "replace the file if it is there already")
    .option("--with-secrets", "also the values of tasks' variables and headers, which are masked otherwise")
    .action(async (file: string | undefined, flags: ExportFlags) => {
      const folder = await storeFolder(flags);
      const secrets = flags.withSecrets ?? false;
      if (file === undefined || file === "-") {
        await blockwise(writeStdout, (write) => store.export({ folder, secrets, write }));
        return;
      }
      const counts = await toFile(
        file,
        flags.force ?? false,
        (write) => store.export({ folder, secrets, write }),
      );
      if (flags.json) return cli.terminal.json({ file, ...counts }, 2);
      cli.terminal.line(`${file}: ${contents(counts)}, ${counts.outputs} outputs`);
    });
}

type Write = (text: string) => void;

async function blockwise<T>(out: Write, work: (write: Write) => Promise<T>): Promise<T> {
  let block = "";
  const result = await work((text) => {
    block += text;
    if (block.length < BLOCK_CHARS) return;
    out(block);
    block = "";
  });
  out(block);
  return result;
}

/** Writes to a temporary file and renames it, so that there is never half an export under that name. */
async function toFile(
  file: string,
  force: boolean,
  work: (write: Write) => Promise<Counts>,
): Promise<Counts> {
  const draft = `${file}.${Deno.pid}.part`;
  try {
    if (!force) await refuseExisting(file);
    const out = await Deno.open(draft, { write: true, createNew: true, mode: 0o600 });
    try {
      const counts = await blockwise((text) => writeAllSync(out, text), work);
      await out.syncData();
      await Deno.rename(draft, file);
      return counts;
    } catch (error) {
      await Deno.remove(draft);
      throw error;
    } finally {
      out.close();
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const reason = (error as Error).message;
    const code = /no space|quota/i.test(reason) ? "DISK_SPACE_EXCEEDED" : "FILESYSTEM_ERROR";
    throw new ApiError(code, `${file}: ${reason}`, { file_path: file, reason });
  }
}

async function refuseExisting(file: string): Promise<void> {
  try {
    await Deno.stat(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new ApiError("INVALID_FIELD_VALUE", `${file} is there already; --force replaces it`, {
    field: "file",
    value: file,
  });
}
