/** Section 5 of the API document: subscriptions to pushes. */
import * as z from "zod";
import { exchange } from "./exchange.ts";
import { LogLevel } from "../domain/log_entry.ts";
import { ProcessType } from "./process.ts";
import { CHANNELS } from "./pushed.ts";
import { distinct, TaskId, text } from "../domain/scalars.ts";
import { TaskStatus } from "../domain/task.ts";

export const Channel = z.enum(CHANNELS);
export type Channel = z.infer<typeof Channel>;

const alternatives = <T extends z.ZodType>(element: T) => z.array(element).min(1).max(1000).optional();

const taskFilter = z.strictObject({ task_ids: alternatives(TaskId), statuses: alternatives(TaskStatus) })
  .optional();

export const SubscriptionFilters = z.strictObject({
  task_status: taskFilter,
  task_progress: taskFilter,
  conversations: z.strictObject({ task_ids: alternatives(TaskId) }).optional(),
  log_entries: z.strictObject({ levels: alternatives(LogLevel), agents: alternatives(text(1, 100)) })
    .optional(),
  processes: z.strictObject({ types: alternatives(ProcessType) }).optional(),
});
export type SubscriptionFilters = z.infer<typeof SubscriptionFilters>;

const channels = distinct(Channel, 1, Channel.options.length);

export const subscriptionMessages = {
  subscribe_to_updates: exchange(
    "subscribe_to_updates",
    { channels, filters: SubscriptionFilters.optional() },
    "subscription_confirmed",
    {
      channels: z.array(Channel),
      subscription_id: z.string(),
      timestamp: z.string(),
    },
  ),
  unsubscribe_from_updates: exchange(
    "unsubscribe_from_updates",
    {
      channels: channels.optional(),
      subscription_id: text(1, 100).optional(),
    },
    "unsubscription_confirmed",
    {
      channels: z.array(Channel),
      subscription_id: z.string().optional(),
      timestamp: z.string(),
    },
  ),
};
