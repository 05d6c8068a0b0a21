/** Who is told of what happens, and how: the configuration's `notifications`. */
import * as z from "zod";
import { Argv } from "./argv.ts";
import { ProjectName } from "./project.ts";
import { HttpUrl, TimeZone } from "./scalars.ts";
import { Priority } from "./task.ts";
import { PRIORITIES } from "./task_values.ts";

const MEANINGS = {
  permission_requested: "An agent asks for permission.",
  question_asked: "An agent asks a question.",
  task_completed: "A task is completed.",
  task_failed: "A task has failed.",
  to_review: "A task has changes for a person to look at.",
  provider_limit: "The provider of an agent's model refuses it for a time; told once for each hold.",
  budget: "A budget is at 80 % or at 100 %.",
  agent_unresponsive: "An agent gives no sign of life.",
  schedule_missed: "The server was down when a schedule was due, or a schedule was paused after failed runs.",
  security_alert: "Somebody may be attacking the server.",
  approval_requested: "A step of a workflow waits for approval.",
  report: "The daily report, at `at` in `timezone`.",
} as const;

export type NotificationEvent = keyof typeof MEANINGS;

export const NotificationEvent = z.enum(Object.keys(MEANINGS) as NotificationEvent[]).describe(
  Object.entries(MEANINGS).map(([event, meaning]) => `${event}: ${meaning}`).join(" "),
);

const Headers = z.record(
  z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$/, { error: "a header's name" }),
  z.string().regex(/^[\x20-\x7e]{0,8192}$/, { error: "printable ASCII" }),
).describe("Sent along, such as Authorization. Their values are not shown.");

const common = {
  name: ProjectName.describe("For lists, and for `test_notification`."),
  events: z.array(NotificationEvent).min(1).max(50),
  secret_env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/).optional().describe(
    "The server's variable that holds a secret. webhook: it signs the body. ntfy: it is the access token.",
  ),
  project: ProjectName.optional().describe("Of tasks, only those of this project are told of."),
  min_priority: Priority.optional().describe(
    "Of tasks, only those of at least this priority are told of.",
  ),
  at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'a time of day such as "07:00"' }).optional()
    .describe('When the report is due. Default: "07:00".'),
  timezone: TimeZone.optional().describe(
    "The IANA time zone of `at`, and of times in messages. Default: that of tasks.timezone.",
  ),
};

export const NotificationTarget = z.discriminatedUnion("channel", [
  z.strictObject({
    ...common,
    channel: z.literal("webhook"),
    url: HttpUrl.describe("Gets a POST for each notice. An answer other than 2xx within 5 s is a failure."),
    headers: Headers.optional(),
  }),
  z.strictObject({
    ...common,
    channel: z.literal("ntfy"),
    url: HttpUrl.default("https://ntfy.sh").describe("The ntfy server."),
    topic: z.string().regex(/^[-_A-Za-z0-9]{1,64}$/, { error: "1 to 64 letters, digits, '_' or '-'" }),
    headers: Headers.optional(),
  }),
  z.strictObject({
    ...common,
    channel: z.literal("command"),
    command: Argv.describe("A program and its arguments. It gets the notice as JSON on stdin, and 30 s."),
  }),
]);
export type NotificationTarget = z.infer<typeof NotificationTarget>;
export type NotificationChannel = NotificationTarget["channel"];

export const Notifications = z.array(NotificationTarget).max(50).refine(
  (all) => new Set(all.map(({ name }) => name)).size === all.length,
  { error: "each with a name of its own" },
);

/** What a notice is about, as far as filters ask. */
export interface About {
  event: NotificationEvent;
  /** Absent: it is about no task. */
  priority?: Priority;
  project?: string;
}

/** Whether the target is told. What is about no task and no project passes the filters for those. */
export function isTold({ events, project, min_priority }: NotificationTarget, about: About): boolean {
  if (!events.includes(about.event)) return false;
  const isOfOther = about.priority !== undefined || about.project !== undefined;
  if (project !== undefined && isOfOther && about.project !== project) return false;
  if (min_priority === undefined || about.priority === undefined) return true;
  return PRIORITIES.indexOf(about.priority) >= PRIORITIES.indexOf(min_priority);
}
