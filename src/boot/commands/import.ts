/** `import`: reads an export into a store. */
import type { Command } from "commander";
import { ApiError } from "../../domain/errors.ts";
import type { Cli } from "../../cli/cli.ts";
import type { Handlers } from "../handlers.ts";
import { linesOfFile } from "../../cli/file_lines.ts";
import { path } from "../../cli/options.ts";
import { configuredStore, contents, storeCommand, type StoreFlags } from "./store_command.ts";

export function addImport(program: Command, cli: Cli, { store }: Handlers): void {
  storeCommand(
    program,
    "import",
    "read an export (- for stdin) into a new store, all of it or nothing; the server must be stopped",
  )
    .argument("<file>", "", path)
    .option("--merge", "add to the store that is there; ids that it has already are skipped")
    .action(async (file: string, flags: StoreFlags & { merge?: boolean }) => {
      const { folder, agents } = await configuredStore(flags);
      const allowedVariables = (agent?: string) =>
        (agent === undefined ? Object.values(agents) : [agents[agent]]).flatMap((one) =>
          one?.allow_env ?? []
        );
      const lines = linesOfFile(file);
      const report = await store.import({ folder, lines, merge: flags.merge ?? false, allowedVariables })
        .catch((error) => {
          throw inFile(error, file);
        });
      const { terminal } = cli;
      if (flags.json) return terminal.json(report, 2);
      terminal.line(`imported ${contents(report.imported)}; the store has ${contents(report)}`);
      const { schedules, tasks } = report.skipped;
      if (tasks.length > 0) terminal.line(`skipped tasks that are there already: ${tasks.join(", ")}`);
      if (schedules.length > 0) {
        terminal.line(`skipped schedules that are there already: ${schedules.join(", ")}`);
      }
      if (report.log_entries_skipped > 0) {
        terminal.line(`skipped ${report.log_entries_skipped} log entries: the store has a log of its own`);
      }
      if (report.usage_days_skipped > 0) {
        terminal.line(
          `skipped the usage of ${report.usage_days_skipped} days that the store counts already: nothing counts twice`,
        );
      }
      if (report.usage_left_out.length > 0) {
        terminal.line(
          `left out usage that may be in the store's sums of removed tasks: ${
            report.usage_left_out.join(", ")
          }`,
        );
      }
      if (report.kept) terminal.line(`the store as it was before is now ${report.kept}`);
    });
}

/** The error about a line says of which file, too. */
function inFile(error: unknown, file: string): unknown {
  if (!(error instanceof ApiError) || error.details.line === undefined) return error;
  return new ApiError(error.code, `${file}: ${error.message}`, { ...error.details, file });
}
