/** `top`: the live board; in a pipe, one picture of it. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { emptyBoard, withTasks } from "../top/board.ts";
import { live } from "../top/live.ts";
import { loadResources, loadTasks } from "../top/load.ts";
import { snapshot } from "../top/render.ts";

export function addTop(program: Command, cli: Cli): void {
  cli.command(
    program,
    "top",
    "show a live board of all tasks, what needs you first, with keys to cancel, retry, pause, answer and accept; once, in a pipe or with --json",
  )
    .action(async (flags: CommonFlags) => {
      const { terminal, clock } = cli;
      if (terminal.isTerminal && Deno.stdin.isTerminal() && !flags.json) {
        cli.exit = await live(cli, flags);
        return;
      }
      const server = cli.http(flags);
      const tasks = await loadTasks(server);
      const resources = await loadResources(server);
      if (flags.json) return terminal.json({ type: "top", tasks, resources }, 2);
      const board = { ...withTasks(emptyBoard(cli.address(flags)), tasks), resources };
      const paint = terminal.paint.bind(terminal);
      const screen = { columns: terminal.isTerminal ? terminal.width : Infinity, rows: Infinity };
      for (const line of snapshot(board, { ...screen, now_ms: clock.now(), paint })) terminal.line(line);
    });
}
