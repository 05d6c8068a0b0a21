/** What a notice says to people: a title, and a text of a few lines. Pure. */
import type { Notice } from "./notice.ts";

export interface NoticeWords {
  title: string;
  text: string;
}

/** Writes a time for whoever reads it. */
type TimeWords = (iso: string) => string;
type Words = (notice: Pick<Notice, "task" | "data">, time: TimeWords) => NoticeWords;

const about = ({ task }: Pick<Notice, "task">) => task?.description ?? "";
const said = (...lines: unknown[]) =>
  lines.filter((line) => typeof line === "string" && line !== "").join("\n");

const WORDS: Record<Notice["event"], Words> = {
  permission_requested: (notice) => ({
    title: "An agent asks for permission",
    text: said(notice.data.title, about(notice)),
  }),
  question_asked: (notice) => ({
    title: "An agent asks a question",
    text: said(notice.data.message, about(notice)),
  }),
  task_completed: (notice) => ({ title: "Task completed", text: about(notice) }),
  task_failed: (notice) => ({ title: "Task failed", text: said(notice.data.error, about(notice)) }),
  to_review: (notice) => ({ title: "Changes to review", text: about(notice) }),
  provider_limit: ({ data }, time) => {
    const until = typeof data.until === "string" ? ` until ${time(data.until)}` : "";
    return {
      title: `${data.agent ?? "An agent"}'s limit${until}`,
      text: said("Its tasks wait.", data.reason),
    };
  },
  budget: (notice) => ({
    title: `A budget is at ${notice.data.percent ?? 100} %`,
    text: said(
      `Spent: ${notice.data.spent} of ${notice.data.bound} ${notice.data.unit} (${notice.data.scope}).`,
      about(notice),
    ),
  }),
  agent_unresponsive: (notice) => ({ title: "An agent gives no sign of life", text: about(notice) }),
  schedule_missed: ({ data }, time) =>
    data.reason === "failures" ? pausedWords(data) : ({
      title: "A schedule was missed",
      text: said(
        `${data.task_id} was due at ${time(String(data.scheduled_time))}, when the server was down.`,
        data.run_id === undefined ? undefined : `It runs now, as ${data.run_id}.`,
      ),
    }),
  security_alert: ({ data }) => ({
    title: "Security alert",
    text: said(String(data.alert_type ?? ""), JSON.stringify(data.details ?? {})),
  }),
  approval_requested: (notice) => ({
    title: "A workflow waits for approval",
    text: said(notice.data.message, about(notice)),
  }),
  report: ({ data }) => ({ title: "The daily report", text: said(data.report) }),
};

function pausedWords({ task_id, failures, last_run }: Notice["data"]): NoticeWords {
  return {
    title: "A schedule was paused",
    text: said(
      `${task_id} makes no more runs: the last ${
        failures ?? ""
      } have failed. Resume it when the reason is gone.`,
      last_run === undefined ? undefined : `The last one was ${last_run}.`,
    ),
  };
}

export function noticeWords(
  notice: Pick<Notice, "event" | "task" | "data">,
  time: TimeWords = (iso) => iso,
): NoticeWords {
  return WORDS[notice.event](notice, time);
}
