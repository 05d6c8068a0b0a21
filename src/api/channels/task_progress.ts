import type { ChannelDefinition } from "./channel.ts";

/** The progress of the running tasks, as their agents report it. */
export const taskProgress: ChannelDefinition = {
  name: "task_progress",
  permission: "read",
  pushes: ["task_progress_update"],
  onEvent(event, timestamp) {
    if (event.kind !== "task.progressed") return [];
    const { before, after: { id, state } } = event;
    return [{
      keys: { task_id: id, status: state.status },
      message: {
        type: "task_progress_update",
        task_id: id,
        old_progress: before.state.progress,
        new_progress: state.progress,
        progress_details: state.progress_details,
        timestamp,
      },
    }];
  },
};
