/** `status`: the server at a glance. */
import type { Command } from "commander";
import { epochOf } from "../../clock/clock.ts";
import { TaskStatus } from "../../domain/task.ts";
import { duration } from "../../protocol/formats.ts";
import { asksOf, countsOf, needyTasks } from "../asks.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { ownCommand } from "../own_command.ts";
import { printTable } from "../table.ts";
import { statusStyle } from "../task_text.ts";

export function addStatus(program: Command, cli: Cli): void {
  cli.command(program, "status", "show how many tasks there are and which agents are at work")
    .action(async (flags: CommonFlags) => {
      const server = cli.http(flags);
      const { data } = await server.request("request_status", {});
      const asks = asksOf(await needyTasks(server));
      if (flags.json) return cli.terminal.json({ ...data, asks: asks.length }, 2);
      const { terminal, clock } = cli;
      const counts = TaskStatus.options.flatMap((status) => {
        const count = data.tasks.filter((task) => task.status === status).length;
        return count > 0 ? [terminal.paint(`${count} ${status}`, statusStyle(status))] : [];
      });
      terminal.line(`server  ${cli.address(flags)}`);
      // The server describes only the newest.
      const { length } = data.tasks;
      const among = length < (data.total_tasks ?? length) ? `, of the newest ${length}` : "";
      terminal.line(`tasks   ${counts.join(", ") || "none"}${among}`);
      terminal.line(`agents  ${data.agents.length === 0 ? "none at work" : `${data.agents.length} at work`}`);
      if (asks.length > 0) {
        const waiting = terminal.paint(countsOf(asks), "yellow");
        terminal.line(`for you ${waiting}  (${ownCommand("asks", flags)})`);
      }
      if (data.agents.length === 0) return;
      terminal.line();
      printTable(terminal, data.agents, [
        { title: "TASK", value: ({ task_id }) => task_id },
        { title: "AGENT", value: ({ type }) => type },
        { title: "PID", value: ({ pid }) => String(pid ?? "") },
        { title: "PROGRESS", value: ({ progress }) => `${progress} %` },
        { title: "TIME", value: ({ start_time }) => duration(clock.now() - epochOf(start_time)) },
        { title: "DOING", value: ({ task, status }) => task || status },
      ]);
    });
}
