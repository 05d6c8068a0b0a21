import { capability } from "./capability.ts";
import { reading } from "./touches.ts";

export const getConversation = capability({
  type: "get_conversation",
  doc:
    "Returns what was said in a task, oldest first: its prompt, messages, and the agent's answers at the end of each turn. A " +
    "page ends at 4 MiB.",
  permission: "read",
  limit: "file_operations_per_minute",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "get_conversation", task_id: "task_456", after: "m2", limit: 50 },
  touches: ({ task_id }, { queries }) => reading(task_id, queries),
  handle: async ({ task_id, after, limit }, { queries }) => ({
    task_id,
    ...await queries.conversation(task_id, { after, limit }),
  }),
});
