/** `tasks`: the tasks in a table. */
import { type Command, Option } from "commander";
import { Priority, type Task, TaskStatus, TaskType } from "../../domain/task.ts";
import { isJudged } from "../../domain/task_values.ts";
import { type Need, needOf, NEEDS } from "../../domain/needs.ts";
import { WaitingKind } from "../../domain/waiting_for.ts";
import { Review } from "../../domain/workspace.ts";
import { duration } from "../../protocol/formats.ts";
import { TASK_SORT_FIELDS, type TaskSortField } from "../../protocol/task_messages.ts";
import { NEED_NAMES } from "../asks.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { addProjectOptions, chosenProject, type ProjectFlags } from "../project.ts";
import { addListOptions, anyOf, type ListFlags } from "../options.ts";
import { type Column, printTable } from "../table.ts";
import { changesInWords } from "../review_text.ts";
import { projectName } from "../../domain/project_name.ts";
import { costInWords, runTime, statusStyle, waitInWords } from "../task_text.ts";
import { oneLine } from "../text.ts";

interface TasksFlags extends CommonFlags, ProjectFlags, ListFlags<TaskSortField> {
  status?: TaskStatus[];
  type?: TaskType[];
  priority?: Priority[];
  contains?: string;
  owner?: string[];
  agent?: string[];
  review?: Review[];
  waitingFor?: WaitingKind[];
  needs?: Need[] | true;
  tag?: string[];
  archived?: boolean;
  withArchived?: boolean;
}

/** Fields that sort descending by default. */
const DESCENDING = /_at$|^progress$|^priority$/;

export function addTasks(program: Command, cli: Cli): void {
  const listing = cli.command(
    program,
    "tasks",
    "list tasks, the newest first; in a project's folder, those of the project",
  );
  const command = addProjectOptions(listing, "the tasks of this project", "the tasks of all projects")
    .addOption(anyOf("status", TaskStatus.options))
    .addOption(anyOf("type", TaskType.options))
    .addOption(anyOf("priority", Priority.options))
    .option("--contains <text>", "tasks whose description contains this text")
    .option("--owner <name...>", "tasks of these owners")
    .option("--agent <name...>", "tasks that these agents run, have run or would run")
    .addOption(anyOf("review", Review.options))
    .addOption(anyOf("waiting-for", WaitingKind.options))
    .addOption(
      new Option("--needs [need...]", `tasks that need you, or only for: ${NEEDS.join(", ")}`).choices(NEEDS),
    )
    .option("--tag <tag...>", "tasks with any of these tags")
    .option("--archived", "only archived tasks")
    .option("--with-archived", "archived tasks as well");
  addListOptions(command, TASK_SORT_FIELDS, "created_at", "desc for times and progress, else asc")
    .action(async (flags: TasksFlags) => {
      const server = cli.http(flags);
      const project = await chosenProject(server, flags, Deno.cwd());
      const reply = await server.request("list_tasks", {
        filter: {
          status: flags.status,
          type: flags.type,
          priority: flags.priority,
          description_contains: flags.contains,
          project,
          owner: flags.owner,
          agent: flags.agent,
          review: flags.review,
          waiting_for: flags.waitingFor,
          needs: flags.needs === true ? "any" : flags.needs,
          tags: flags.tag,
          archived: flags.withArchived ? "any" : flags.archived,
        },
        sort: { field: flags.sort, order: flags.order ?? (DESCENDING.test(flags.sort) ? "desc" : "asc") },
        limit: flags.limit,
        offset: flags.offset,
      });
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      printTable(terminal, reply.tasks, columnsFor(cli, reply.tasks));
      const { filtered_count, total_count, tasks } = reply;
      terminal.note(
        `${tasks.length} of ${filtered_count} tasks` +
          (filtered_count < total_count ? ` (${total_count} in all)` : "") +
          (project !== undefined && flags.project === undefined
            ? `, of project ${project}, since this is its folder; --no-project lists all`
            : ""),
      );
    });
}

function columnsFor({ terminal, clock }: Cli, tasks: readonly Task[]): Column<Task>[] {
  const hasProjects = tasks.some((task) => projectName(task) !== undefined);
  const hasNeeds = tasks.some((task) => needOf(task) !== undefined);
  const haveCosts = tasks.some((task) => costInWords(task) !== undefined);
  const haveChanges = tasks.some((task) => changesInWords(task) !== undefined);
  const now_ms = clock.now();
  const doWait = tasks.some(({ waiting_for }) => waiting_for !== undefined);
  return [
    ...(tasks.some(({ tenant }) => tenant !== undefined)
      ? [{ title: "TENANT", value: ({ tenant = "" }: Task) => tenant }]
      : []),
    { title: "ID", value: ({ id }) => id },
    {
      title: "STATUS",
      value: ({ status }) => status,
      paint: (cell, { status }) => terminal.paint(cell, statusStyle(status)),
    },
    ...(hasNeeds
      ? [{
        title: "NEEDS",
        value: (task: Task) => {
          const need = needOf(task);
          return need === undefined ? "" : NEED_NAMES[need];
        },
        paint: (cell: string) => terminal.paint(cell, "yellow"),
      }]
      : []),
    ...(hasProjects ? [{ title: "PROJECT", value: (task: Task) => projectName(task) ?? "" }] : []),
    { title: "PROGRESS", value: ({ progress }) => `${progress} %` },
    ...(haveCosts ? [{ title: "COST", value: (task: Task) => costInWords(task) ?? "" }] : []),
    ...(haveChanges ? [{ title: "CHANGES", value: (task: Task) => changesAndEnd(task) }] : []),
    { title: "PRIORITY", value: ({ priority }) => priority },
    { title: "TYPE", value: ({ type }) => type },
    {
      title: "TIME",
      value: (task) => {
        const ms = runTime(task, now_ms);
        return ms === undefined ? "" : duration(ms);
      },
    },
    ...(doWait
      ? [{ title: "WAITS FOR", value: (task: Task) => oneLine(waitInWords(task, now_ms) ?? "") }]
      : []),
    { title: "DESCRIPTION", value: ({ description }) => description },
  ];
}

/** NEEDS names the review that is open. */
function changesAndEnd(task: Task): string {
  const isOver = isJudged(task.review);
  return [changesInWords(task), isOver ? task.review : undefined].filter(Boolean).join(", ");
}
