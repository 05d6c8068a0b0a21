import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listKeys = capability({
  type: "list_keys",
  doc:
    "Lists all API keys, the oldest first, with their permissions and when they expire; not the keys themselves.",
  permission: "admin",
  errors: [],
  example: { type: "list_keys" },
  handle: (_request, { keys, clock, scopeOf }, { identity }) => ({
    keys: keys.list(scopeOf(identity)?.tenant),
    timestamp: isoTime(clock.now()),
  }),
});
