import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const listProjects = capability({
  type: "list_projects",
  doc:
    "The projects of the configuration, in its order, with how many of their tasks are in which state. A task that names " +
    "one in `metadata.project`, or works in its folder, belongs to it and gets its settings where it says nothing itself.",
  permission: "read",
  errors: [],
  example: { type: "list_projects" },
  touches: () => EVERY_TASK,
  handle: async (_request, { projects, clock, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    return {
      projects: (await projects.list()).filter(({ name }) => scope?.seesProject(name) ?? true),
      timestamp: isoTime(clock.now()),
    };
  },
});
