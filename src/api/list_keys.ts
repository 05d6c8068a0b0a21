import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listKeys = capability({
  type: "list_keys",
  doc: "All API keys, the oldest first: what they may do and until when, not the keys themselves.",
  permission: "admin",
  errors: [],
  example: { type: "list_keys" },
  handle: (_request, { keys, clock }) => ({ keys: keys.list(), timestamp: isoTime(clock.now()) }),
});
