import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const forgetRemembered = capability({
  type: "forget_remembered",
  doc: "Forgets an answer to a permission request. The same call is asked about again.",
  permission: "write",
  errors: ["INVALID_FIELD_VALUE"],
  example: { type: "forget_remembered", id: "rem_k3x9a2b1" },
  handle: async ({ id }, { remembered, clock }, { actor }) => {
    await remembered.forget(id, actor);
    return { id, timestamp: isoTime(clock.now()) };
  },
});
