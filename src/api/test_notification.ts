import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const testNotification = capability({
  type: "test_notification",
  doc:
    "Tells one of the configuration's notifications something at once, and once, with the event `test`. The reply says " +
    "whether it arrived, and if not, why.",
  permission: "admin",
  errors: ["INVALID_FIELD_VALUE"],
  example: { type: "test_notification", name: "phone" },
  isSlow: true,
  handle: async ({ name }, { notifications, clock }) => ({
    ...await notifications.test(name),
    timestamp: isoTime(clock.now()),
  }),
});
