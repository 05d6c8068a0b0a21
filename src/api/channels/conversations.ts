import type { TaskRecord } from "../../domain/task_record.ts";
import type { ChannelDefinition, NewPush } from "./channel.ts";

/** What agents ask, and what else changes about a task besides its status and its progress. */
export const conversations: ChannelDefinition = {
  name: "conversations",
  permission: "read",
  pushes: ["question_asked", "conversation_message", "task_changed"],
  onEvent(event, timestamp) {
    const changed = (task_id: string, ...changed: string[]): NewPush => ({
      keys: { task_id },
      message: { type: "task_changed", task_id, changed, timestamp },
    });
    switch (event.kind) {
      case "question.asked": {
        const { task_id, question } = event;
        const message = { type: "question_asked" as const, task_id, ...question, timestamp };
        return [{ keys: { task_id }, message }, changed(task_id, "pending_questions", "waiting_for")];
      }
      case "question.settled":
        return [changed(event.task_id, "pending_questions", "waiting_for")];
      case "permission.requested":
      case "permission.settled":
        return [changed(event.task_id, "pending_permissions", "waiting_for")];
      case "task.fields_changed":
        return [changed(event.task_id, ...event.fields)];
      case "task.changed":
        return waitsAnew(event) ? [changed(event.after.id, "waiting_for")] : [];
      default:
        return [];
    }
  },
  async onEventLater(event, timestamp) {
    if (event.kind !== "conversation.changed") return [];
    const { task_id } = event;
    return (await event.read()).map((message) => ({
      keys: { task_id },
      message: { type: "conversation_message", task_id, message, timestamp },
    }));
  },
};

/** Whether the task waits for something else, as far as its own record shows. */
function waitsAnew({ before, after }: { before?: TaskRecord; after: TaskRecord }): boolean {
  return before?.state.status !== after.state.status || before.state.not_before !== after.state.not_before;
}
