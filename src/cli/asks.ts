/** What tasks need a person for, one line each, with the command that gives it. */
import type { HttpClient } from "../client/http.ts";
import { askedText } from "../domain/asked_words.ts";
import { firstNames } from "../domain/first_names.ts";
import { isToJudge, type Need, NEEDS, needsOf } from "../domain/needs.ts";
import type { Task } from "../domain/task.ts";
import { folderOf, toldFrom } from "../domain/task_folder.ts";
import type { Reply, RequestInput } from "../protocol/messages.ts";
import { sizeInWords } from "./review_text.ts";
import { openPermissions, openQuestions } from "./task_text.ts";

/** How many files a line names. */
const NAMED_MAX = 5;

export interface Ask {
  task_id: string;
  kind: Need;
  /** The permission request's or the question's. */
  id?: string;
  what: string;
  /** Until when it can be answered, ISO 8601. */
  expires_at?: string;
  /** Since when the task is as it is, ISO 8601. */
  since: string;
  /** The command and its arguments by which a person goes on from here. */
  command: string;
}

type Filter = NonNullable<RequestInput<"list_tasks">["filter"]>;

/** All tasks that need a person, on all pages. */
export async function needyTasks(server: HttpClient, filter: Filter = {}): Promise<Task[]> {
  const tasks: Task[] = [];
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const reply: Reply<"list_tasks"> = await server.request("list_tasks", {
      filter: { needs: "any", ...filter },
      sort: { field: "created_at", order: "asc" },
      limit: 1000,
      offset,
    });
    tasks.push(...reply.tasks);
    offset = reply.pagination.next_offset;
  }
  return tasks;
}

/** What these tasks need: the most urgent first; of the same kind, what expires or has waited longest. */
export function asksOf(tasks: readonly Task[]): Ask[] {
  const moment = ({ expires_at, since }: Ask) => expires_at ?? since;
  return tasks.flatMap(asksOfTask).sort((a, b) =>
    NEEDS.indexOf(a.kind) - NEEDS.indexOf(b.kind) || compare(moment(a), moment(b)) ||
    compare(a.task_id, b.task_id)
  );
}

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

/** The most urgent; undefined if the task needs nobody. */
export function mostUrgent(task: Task): Ask | undefined {
  return asksOfTask(task)[0];
}

/** What a task needs, the most urgent first. */
export function asksOfTask(task: Task): Ask[] {
  const since = task.completed_at ?? task.started_at ?? task.created_at;
  return needsOf(task).flatMap((kind) =>
    WAYS[kind](task).map((way): Ask => ({ task_id: task.id, kind, since, ...way }))
  );
}

type Way = Pick<Ask, "id" | "what" | "expires_at" | "command">;

/** A record, so that a new need must say what a person does about it. */
const WAYS: Record<Need, (task: Task) => Way[]> = {
  permission: (task) => {
    const open = openPermissions(task);
    return open.map((asked) => ({
      id: asked.permission_id,
      what: toldFrom(folderOf(task), askedText(asked)),
      expires_at: asked.expires_at,
      command: `allow ${task.id}${open.length > 1 ? ` ${asked.permission_id}` : ""}`,
    }));
  },
  question: (task) => {
    const open = openQuestions(task);
    return open.map(({ question_id, message, expires_at }) => ({
      id: question_id,
      what: message,
      expires_at,
      command: `answer ${task.id}${open.length > 1 ? ` --question ${question_id}` : ""}`,
    }));
  },
  approval: ({ id, waiting_for, description }) => [{
    what: waiting_for?.kind === "approval" && waiting_for.message || description,
    command: `task ${id}`,
  }],
  budget: ({ id, description, execution }) => [{
    what: `its budget is spent: ${description}`,
    command: `resume ${id} ${bound(execution)}`,
  }],
  conflict: ({ id, pull_request, unresolved = [] }) =>
    unresolved.length > 0
      ? [{
        what: `conflicts with its base are not resolved: ${firstNames(unresolved, NAMED_MAX)}`,
        command: `diff ${id}`,
      }]
      : [{
        what: `pull request #${pull_request?.number} conflicts with its base`,
        command: `update ${id} --resolve agent`,
      }],
  feedback: ({ id, pull_request: pull }) => {
    const [first, ...more] = pull?.feedback ?? [];
    const rest = more.length > 0 ? ` (and ${more.length} more)` : "";
    return [{
      what: `pull request #${pull?.number}: ${first?.kind} ${first?.title}: ${first?.text}${rest}`,
      command: `task ${id}`,
    }];
  },
  changes_requested: (task) => [{
    what: `the agent has not gone on with what was asked: ${inReview(task)}`,
    command: `diff ${task.id}`,
  }],
  review: (task) => [{ what: inReview(task), command: `diff ${task.id}` }],
};

/** The option that raises what the task may use. */
function bound(execution: Task["execution"]): string {
  return execution?.max_cost_usd === undefined ? "--max-tokens N" : "--max-cost USD";
}

/** `3 files +12 −4: Mend the login`, with the status if that is not the usual one. */
function inReview({ status, changes, description }: Task): string {
  const ended = status === "completed" ? [] : [status];
  const facts = [...ended, ...changes ? [sizeInWords(changes)] : []].join(", ");
  return facts === "" ? description : `${facts}: ${description}`;
}

/** How each need is named where there is little room. */
export const NEED_NAMES: Record<Need, string> = {
  permission: "permission",
  question: "question",
  approval: "approval",
  budget: "budget",
  conflict: "conflict",
  feedback: "feedback",
  changes_requested: "changes requested",
  review: "to review",
};

/** `1 permission, 2 to review`; empty if there is nothing. */
export function countsOf(asks: readonly Pick<Ask, "kind">[]): string {
  return NEEDS.flatMap((need) => {
    const count = asks.filter(({ kind }) => kind === need).length;
    return count > 0 ? [`${count} ${NEED_NAMES[need]}`] : [];
  }).join(", ");
}

/** What can be done besides the command of each line, for the kinds that are there. */
export function hintsFor(asks: readonly Pick<Ask, "kind">[]): string[] {
  const has = (...kinds: Need[]) => asks.some(({ kind }) => kinds.includes(kind));
  return [
    ...has("permission") ? ["allow ID, or deny ID"] : [],
    ...has("question") ? ["answer ID shows the question; answer ID VALUE answers it"] : [],
    ...has("conflict", "feedback") ? ["say ID TEXT tells the agent what to do about it"] : [],
    ...asks.some(({ kind }) => isToJudge(kind))
      ? ["after diff ID: accept ID, review ID -m TEXT (sends it back), pr ID, or discard ID"]
      : [],
  ];
}
