import { isoTime } from "../clock/clock.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { capability } from "./capability.ts";

export const listRemembered = capability({
  type: "list_remembered",
  doc: "Lists the answers to permission requests that are remembered, for a task or in all of a project.",
  permission: "read",
  errors: [],
  example: { type: "list_remembered", project: "shop" },
  handle: ({ task_id, project }, { remembered, clock, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    return {
      remembered: remembered.list({ task_id, project }).filter((one) =>
        scope?.seesTenant(tenantOf(one.task_id)) ?? true
      ),
      timestamp: isoTime(clock.now()),
    };
  },
});
