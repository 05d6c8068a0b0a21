/** A notice as it is handed over, and where it goes. Pure. */
import { epochOf } from "../clock/clock.ts";
import { localTime } from "../domain/time_zones.ts";
import type { Notice } from "../domain/notice.ts";
import { noticeWords } from "../domain/notice_words.ts";
import type { NotificationTarget } from "../domain/notification.ts";
import type { Parcel } from "./carrier.ts";

/** A notice, or the test of a target, which has the event `test`. */
export type Told = Omit<Notice, "event"> & { event: string };

const URGENT: readonly string[] = [
  "permission_requested",
  "question_asked",
  "approval_requested",
  "security_alert",
];

/** `base`: the address of the dashboard. `timezone`: that of the times in its words. */
export function parcelOf(notice: Told, base: string, timezone: string): Parcel {
  const { id, event, time, task, data } = notice;
  const url = `${base.replace(/\/+$/, "")}/#${placeOf(event, task)}`;
  const words = event === "test"
    ? { title: "opencode-agents", text: `A test of the notification '${data.name}'` }
    : noticeWords(notice as Notice, (iso) => timeIn(iso, timezone));
  return {
    id,
    event,
    body: JSON.stringify({ id, event, time, task, url, data }),
    ...words,
    url,
    isUrgent: URGENT.includes(event),
  };
}

/** The page of the dashboard that has more. */
function placeOf(event: string, task: Told["task"]): string {
  if (task) return `/tasks/${task.id}`;
  return event === "schedule_missed" ? "/schedules" : event === "provider_limit" ? "/agents" : "/tasks";
}

/** `2026-12-01 03:00 (Europe/Vienna)`. */
function timeIn(iso: string, timezone: string): string {
  const at_ms = epochOf(iso);
  if (Number.isNaN(at_ms)) return iso;
  return `${localTime(at_ms, timezone).slice(0, 16).replace("T", " ")} (${timezone})`;
}

/** Where it goes, without what may be a secret: a webhook's path, a topic, a program's arguments. */
export function shownPlace(target: NotificationTarget): string {
  switch (target.channel) {
    case "webhook":
    case "ntfy":
      return new URL(target.url).origin;
    case "command":
      return target.command[0]!;
  }
}
