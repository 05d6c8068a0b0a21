import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listDeliveries = capability({
  type: "list_deliveries",
  doc: "Lists what the hook of a template was sent last, and what came of it.",
  permission: "read",
  errors: [],
  example: { type: "list_deliveries", template: "fix_issue", limit: 10 },
  handle: async ({ template, limit }, { hooks, clock }) => ({
    template,
    deliveries: await hooks.list(template, limit),
    timestamp: isoTime(clock.now()),
  }),
});
