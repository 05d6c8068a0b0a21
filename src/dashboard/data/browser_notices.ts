/** The browser's own notifications, while the page is open and nobody looks at it. The browser remembers the choice. */
import { signal } from "@preact/signals";
import { systemClock } from "../../clock/clock.ts";
import type { Happening } from "../../domain/notice.ts";
import { noticeWords } from "../../domain/notice_words.ts";
import { timeOfDay } from "../../protocol/formats.ts";
import { navigate } from "../hash_location.ts";
import { onPush } from "./pushes.ts";
import { report } from "./report.ts";
import { ask } from "./server.ts";
import { taskOf } from "./tasks.ts";

const KEY = "opencode-agents.notify";
/** Of more within the time, only the number is told. */
const SINGLY_MAX = 4;
const WITHIN_MS = 10_000;

/** `missing`: this browser has none, or none for a page that came over plain HTTP from another machine. */
export type NoticeChoice = "missing" | "refused" | "off" | "on";

function chosen(): NoticeChoice {
  if (!("Notification" in globalThis) || !globalThis.isSecureContext) return "missing";
  if (Notification.permission === "denied") return "refused";
  return Notification.permission === "granted" && localStorage.getItem(KEY) === "on" ? "on" : "off";
}

export const noticeChoice = signal<NoticeChoice>(chosen());

/** Asks the browser, which asks the user, if they have not decided before. */
export async function notifyHere(isWanted: boolean): Promise<void> {
  if (isWanted && Notification.permission !== "granted") await Notification.requestPermission();
  localStorage.setItem(KEY, isWanted ? "on" : "off");
  noticeChoice.value = chosen();
}

/** The times of the last notices. */
let shown: number[] = [];

async function tell(
  event: Happening["event"],
  task_id: string,
  data: Record<string, unknown> = {},
): Promise<void> {
  if (noticeChoice.peek() !== "on" || (!document.hidden && document.hasFocus())) return;
  const now = systemClock.monotonic();
  shown = [...shown.filter((at) => now - at < WITHIN_MS), now];
  if (shown.length > SINGLY_MAX) {
    return show(`${shown.length} things have happened`, "", "opencode-agents", "/tasks?needs=1");
  }
  const task = taskOf(task_id) ?? (await ask("get_task_status", { task_id })).task;
  const { title, text } = noticeWords({ event, data, task }, timeOfDay);
  show(title, text, `opencode-agents ${task_id}`, `/tasks/${encodeURIComponent(task_id)}`);
}

/** A newer notice of the same tag replaces the older one. */
function show(title: string, body: string, tag: string, place: string): void {
  const notice = new Notification(title, { body, tag });
  notice.onclick = () => {
    globalThis.focus();
    navigate(place);
    notice.close();
  };
}

/** Tells from now on what happens to tasks. */
export function keepNotices(): void {
  const told = (...args: Parameters<typeof tell>) => void tell(...args).catch(report);
  onPush("permission_request", ({ task_id, title }) => told("permission_requested", task_id, { title }));
  onPush("question_asked", ({ task_id, message }) => told("question_asked", task_id, { message }));
  onPush("task_status_update", ({ task_id, new_status, error }) => {
    if (new_status === "completed") told("task_completed", task_id);
    if (new_status === "failed") told("task_failed", task_id, { error });
  });
}
