import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { NOTHING } from "./touches.ts";

export const listTemplates = capability({
  type: "list_templates",
  doc: "Lists the templates of the configuration, with their parameters and where their hooks are.",
  permission: "read",
  errors: [],
  example: { type: "list_templates" },
  touches: () => NOTHING,
  handle: (_request, { templates, clock }) => ({
    templates: templates.list(),
    timestamp: isoTime(clock.now()),
  }),
});
