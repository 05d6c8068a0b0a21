/** Turns events of tasks into entries of their logs, except for events that other entries already report. Pure. */
import type { Actor } from "../domain/actor.ts";
import { isEditable } from "../domain/task_edit.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { NewEntry } from "../store/log_line.ts";
import type { DomainEvent } from "./events.ts";

/** The log entry of an event; undefined if it has none, or if another node writes it. */
export function entryOfEvent(event: DomainEvent): NewEntry | undefined {
  if (event.kind !== "task.changed" && event.kind !== "task.fields_changed" || event.elsewhere) {
    return undefined;
  }
  if (event.kind === "task.changed") return entryOfChange(event.before, event.after, event.by);
  return entryOfEdit(event);
}

/** What somebody changed about the task itself. */
function entryOfEdit(
  { task_id, fields, after, by }: DomainEvent & { kind: "task.fields_changed" },
): NewEntry | undefined {
  const edited = fields.filter(isEditable);
  const changes = [
    ...(edited.length > 0 ? [`Task was changed before its first attempt: ${edited.join(", ")}`] : []),
    ...(fields.includes("archived")
      ? [after.state.archived ? "Task was archived" : "Task is no longer archived"]
      : []),
    ...(fields.includes("review") ? judged(after) : []),
  ];
  if (changes.length === 0) return undefined;
  return {
    level: "info",
    message: changes.join(". "),
    agent: task_id,
    source: "engine",
    details: { changed: fields, by },
    context: { task_id },
  };
}

/** What has become of the task's changes, once somebody has judged them. */
function judged({ state: { review, accepted } }: TaskRecord): string[] {
  if (review === "discarded") return ["Its changes were discarded"];
  if (review !== "accepted") return [];
  return [`Its changes were accepted${accepted === undefined ? "" : ` into ${accepted.into}`}`];
}

/** A new task has no entry, since the list of tasks shows it. Attempts log their own beginning and end. */
function entryOfChange(
  before: TaskRecord | undefined,
  { id, state }: TaskRecord,
  by: Actor,
): NewEntry | undefined {
  const old_status = before?.state.status;
  const new_status = state.status;
  const failed = new_status === "failed";
  if (!before && !failed) return undefined;
  if (new_status === "running" && old_status !== "paused") return undefined;
  if (old_status === "running" && (new_status === "completed" || failed)) return undefined;
  const why = failed && state.error !== undefined ? `: ${state.error}` : "";
  return {
    level: failed ? "error" : "info",
    message: before
      ? `Task is ${new_status} now, after ${old_status}${why}`
      : `Task ${new_status} at once${why}`,
    agent: id,
    source: "engine",
    details: { old_status, new_status, by },
    context: { task_id: id },
  };
}
