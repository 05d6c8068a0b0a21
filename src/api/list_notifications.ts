import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listNotifications = capability({
  type: "list_notifications",
  doc:
    "Who is told of what, as the configuration says, with how many notices wait and how the last delivery went. " +
    "Secrets, headers, paths and topics are left out.",
  permission: "admin",
  errors: [],
  example: { type: "list_notifications" },
  handle: (_request, { notifications, clock }) => ({
    notifications: notifications.list(),
    timestamp: isoTime(clock.now()),
  }),
});
