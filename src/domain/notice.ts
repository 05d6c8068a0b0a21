/** A notice: what has happened, for people who do not look. Pure. */
import * as z from "zod";
import { type About, NotificationEvent } from "./notification.ts";
import { Priority, TaskStatus } from "./task.ts";
import type { TaskRecord } from "./task_record.ts";
import { cutToBytes, utf8Length } from "./scalars.ts";

/** What is told of the task that a notice is about. */
const NoticeTask = z.object({
  id: z.string(),
  type: z.string(),
  description: z.string(),
  priority: Priority,
  status: TaskStatus,
  project: z.string().optional(),
  owner: z.string().optional(),
});
type NoticeTask = z.infer<typeof NoticeTask>;

export const Notice = z.object({
  id: z.string(),
  event: NotificationEvent,
  time: z.string().describe("ISO 8601"),
  task: NoticeTask.optional(),
  data: z.record(z.string(), z.unknown()),
});
export type Notice = z.infer<typeof Notice>;

/** What has happened, before it has an id. */
export type Happening = Pick<Notice, "event" | "task" | "data"> & Pick<About, "project">;

/** The most bytes of one field of `data`, as JSON. A longer one is cut, and is a text then. */
const FIELD_BYTES_MAX = 4096;
/** A report is a page of text. */
const REPORT_BYTES_MAX = 24_000;
/** How many times as long a text may become as JSON, where some characters take two bytes, and others six. */
const AS_JSON = 2;
/** The most bytes of all fields, as JSON: with its task, a notice has to fit into a value of the store. */
const DATA_BYTES_MAX = 52_000;
const FIELDS_MAX = 8;

/** What filters ask about a happening. */
export function aboutOf({ event, task, project }: Happening): About {
  return { event, priority: task?.priority, project: task?.project ?? project };
}

/** The data of a notice, small enough to be stored with the change that it tells of. */
export function bounded(data: Record<string, unknown>): Record<string, unknown> {
  const fields = Object.entries(data).filter(([, value]) => value !== undefined).slice(0, FIELDS_MAX);
  for (let field_max = FIELD_BYTES_MAX;; field_max = Math.floor(field_max / 2)) {
    const cut = fields.map(([name, value]) =>
      [name, boundedField(value, name === "report" ? REPORT_BYTES_MAX : field_max)] as const
    );
    const small = Object.fromEntries(cut);
    if (field_max === 0 || utf8Length(JSON.stringify(small)) <= DATA_BYTES_MAX) return small;
  }
}

function boundedField(value: unknown, max: number): unknown {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const cut = cutAsJson(text, max);
  return cut === text ? value : `${cut}…`;
}

/** The beginning of the text that has at most `max` bytes, and not much more as JSON. */
function cutAsJson(text: string, max: number): string {
  let cut = cutToBytes(text, max);
  for (let length = jsonLength(cut); length > max * AS_JSON; length = jsonLength(cut)) {
    cut = cutToBytes(cut, Math.floor(utf8Length(cut) * max * AS_JSON / length));
  }
  return cut;
}

function jsonLength(text: string): number {
  return utf8Length(JSON.stringify(text));
}

export function noticeTask({ id, spec, state }: TaskRecord, project: string | undefined): NoticeTask {
  const { type, description, priority, metadata } = spec;
  const owner = metadata?.owner;
  return {
    id,
    type,
    description,
    priority,
    status: state.status,
    project,
    owner: typeof owner === "string" ? cutToBytes(owner, 200) : undefined,
  };
}

/** What the change of a task's record tells. `project`: the task's. */
export function happeningsOf(
  before: TaskRecord | undefined,
  after: TaskRecord,
  project: string | undefined,
): Happening[] {
  const [old, now] = [before?.state, after.state];
  const task = () => noticeTask(after, project);
  const told: Happening[] = [];
  if (now.status !== old?.status && now.status === "completed") {
    told.push({
      event: "task_completed",
      task: task(),
      data: { turn: now.turn, attempt: now.attempt, changes: now.changes },
    });
  }
  if (now.status !== old?.status && now.status === "failed") {
    told.push({
      event: "task_failed",
      task: task(),
      data: { error: now.error, failure: now.failure, attempt: now.attempt },
    });
  }
  if (now.review === "to_review" && old?.review !== "to_review") {
    const { branch, base } = now.workspace ?? {};
    told.push({
      event: "to_review",
      task: task(),
      data: { turn: now.turn, changes: now.changes, branch, base },
    });
  }
  return told;
}
