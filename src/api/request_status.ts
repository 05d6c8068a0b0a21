import { capability } from "./capability.ts";
import { fullStatus, machineStatus } from "./status.ts";

export const requestStatus = capability({
  type: "request_status",
  doc: "Returns everything at a glance: the agents at work, the newest tasks (1,000, or as many as " +
    "have 400 KiB), the machine. If processes cannot be " +
    "listed, that part is absent. The first dashboards of this API read the same fields beside `data`.",
  permission: "read",
  errors: [],
  example: { type: "request_status" },
  handle: async (_request, context, { identity }) => {
    const machine = await machineStatus(context);
    return fullStatus(context, machine, context.scopeOf(identity));
  },
});
