import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { NOTHING } from "./touches.ts";

export const saveReview = capability({
  type: "save_review",
  doc:
    "Keeps comments on a task's changes that have not been sent yet, and marks of the files that were viewed. " +
    "`review_task` sends comments to the agent.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: {
    type: "save_review",
    task_id: "task_456",
    comments: [{ path: "src/login.ts", line: 12, text: "This throws for an empty name." }],
    viewed: [{ path: "src/login.ts", blob: "8c7e5a667f1b771847fe88c01c3de34413a1b220" }],
  },
  touches: ({ task_id }) => ({ ...NOTHING, changes: new Set([task_id]) }),
  handle: async ({ task_id, comments, viewed }, { reviews, clock }, { actor }) => {
    await reviews.save(task_id, { comments, viewed }, actor);
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
