/** The messages about notifications. */
import * as z from "zod";
import { NotificationEvent } from "../domain/notification.ts";
import { ProjectName } from "../domain/project.ts";
import { Priority } from "../domain/task.ts";
import { exchange } from "./exchange.ts";

export const NotificationView = z.object({
  name: z.string(),
  channel: z.enum(["webhook", "ntfy", "command"]),
  events: z.array(NotificationEvent),
  project: z.string().optional(),
  min_priority: Priority.optional(),
  to: z.string().describe("The server or program that gets the notices, without what may be a secret."),
  waiting: z.int().describe("How many notices wait for their delivery."),
  last_delivery: z.string().optional().describe("ISO 8601"),
  last_error: z.string().optional().describe("Why the last delivery failed. Absent if it did not."),
});
export type NotificationView = z.infer<typeof NotificationView>;

const NotificationTested = z.object({
  name: z.string(),
  delivered: z.boolean(),
  status: z.int().optional().describe("The status of HTTP, or the exit code of the command."),
  error: z.string().optional().describe("Why it was not delivered."),
});
export type NotificationTested = z.infer<typeof NotificationTested>;

export const notificationMessages = {
  list_notifications: exchange("list_notifications", {}, "notification_list", {
    notifications: z.array(NotificationView),
    timestamp: z.string(),
  }),
  test_notification: exchange("test_notification", { name: ProjectName }, "notification_tested", {
    ...NotificationTested.shape,
    timestamp: z.string(),
  }),
};
