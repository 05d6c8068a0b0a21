/** `diff`: what a task has changed. */
import { type Command, Option } from "commander";
import { Since } from "../../domain/task_changes.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { patchLines, standingNotes, statLines } from "../diff_text.ts";
import { wholeNumber } from "../options.ts";
import { showPaged } from "../pager.ts";

interface DiffFlags extends CommonFlags {
  stat?: boolean;
  since?: Since;
  context?: number;
}

export function addDiff(program: Command, cli: Cli): void {
  cli.command(
    program,
    "diff <task> [path]",
    "show what a task has changed, or what of it is in a file or folder",
  )
    .option("--stat", "only the files, with the number of their lines")
    .addOption(new Option("--since <when>", "since when (default: since it began)").choices(Since.options))
    .option("-U, --context <lines>", "lines around each change, 0 to 100", wholeNumber)
    .action(async (task_id: string, path: string | undefined, flags: DiffFlags) => {
      const { since, context, stat } = flags;
      const { terminal } = cli;
      const asked = { task_id, path, since, context, patch: stat ? false : undefined };
      const server = cli.http(flags);
      const reply = await server.request("get_task_changes", asked);
      if (flags.json) return terminal.json(reply, 2);
      if (reply.files.length === 0) return terminal.note("no changes");
      const text = stat ? statLines(reply, terminal).join("\n") : patchLines(reply.files, terminal);
      await showPaged(terminal, text);
      const { task } = await server.request("get_task_status", { task_id });
      for (const note of standingNotes(reply, task)) terminal.note(note);
    });
}
