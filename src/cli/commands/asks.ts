/** `asks`: what agents ask of a person, in all tasks. */
import type { Command } from "commander";
import { epochOf } from "../../clock/clock.ts";
import type { HttpClient } from "../../client/http.ts";
import { askedText } from "../../domain/asked_words.ts";
import type { Task } from "../../domain/task.ts";
import type { Reply } from "../../protocol/messages.ts";
import { duration } from "../../protocol/formats.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { printTable } from "../table.ts";
import { openPermissions, openQuestions } from "../task_text.ts";

interface Ask {
  task_id: string;
  kind: "permission" | "question";
  id: string;
  what: string;
  expires_at?: string;
}

export function addAsks(program: Command, cli: Cli): void {
  cli.command(program, "asks", "list what agents ask: open permission requests and questions of all tasks")
    .action(async (flags: CommonFlags) => {
      const { terminal, clock } = cli;
      const asks = (await openTasks(cli.http(flags))).flatMap(asksOf);
      if (flags.json) return terminal.json({ asks }, 2);
      if (asks.length === 0) return terminal.line("nobody asks for anything");
      printTable(terminal, asks, [
        { title: "TASK", value: ({ task_id }) => task_id },
        { title: "KIND", value: ({ kind }) => kind },
        { title: "ID", value: ({ id }) => id },
        {
          title: "LEFT",
          value: ({ expires_at }) =>
            expires_at === undefined ? "" : duration(Math.max(0, epochOf(expires_at) - clock.now())),
        },
        { title: "WHAT", value: ({ what }) => what },
      ]);
      terminal.note("answer with: opencode-agents allow|deny TASK   or: opencode-agents answer TASK VALUE");
    });
}

/** The tasks whose agents may wait for somebody. */
async function openTasks(server: HttpClient): Promise<Task[]> {
  const tasks: Task[] = [];
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const reply: Reply<"list_tasks"> = await server.request("list_tasks", {
      filter: { status: ["running", "paused"] },
      sort: { field: "created_at", order: "asc" },
      limit: 1000,
      offset,
    });
    tasks.push(...reply.tasks);
    offset = reply.pagination.next_offset;
  }
  return tasks;
}

function asksOf(task: Task): Ask[] {
  const task_id = task.id;
  return [
    ...openPermissions(task).map((asked) => ({
      task_id,
      kind: "permission" as const,
      id: asked.permission_id,
      what: askedText(asked),
      expires_at: asked.expires_at,
    })),
    ...openQuestions(task).map(({ question_id, message, expires_at }) => ({
      task_id,
      kind: "question" as const,
      id: question_id,
      what: message,
      expires_at,
    })),
  ];
}
