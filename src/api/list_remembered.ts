import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listRemembered = capability({
  type: "list_remembered",
  doc: "Lists the answers to permission requests that are remembered, for a task or in all of a project.",
  permission: "read",
  errors: [],
  example: { type: "list_remembered", project: "shop" },
  handle: ({ task_id, project }, { remembered, clock }) => ({
    remembered: remembered.list({ task_id, project }),
    timestamp: isoTime(clock.now()),
  }),
});
