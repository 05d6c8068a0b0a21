/** The one rule by which a subscription's filter lets a push pass; the server and its clients apply the same. */
import type { Channel, SubscriptionFilters } from "./subscription_messages.ts";

/** What filters compare. A key that is not known excludes nothing. */
export interface PushKeys {
  task_id?: string;
  status?: string;
  level?: string;
  agent?: string;
}

/** The field of a filter → the key that it lists. Other fields of filters make a push shorter instead. */
const COMPARED = { task_ids: "task_id", statuses: "status", levels: "level", agents: "agent" } as const;

/** Whether a push on this channel passes the filters of a subscription to it. */
export function passesFilter(channel: Channel, keys: PushKeys, filters: SubscriptionFilters): boolean {
  const filter: Record<string, readonly string[] | undefined> =
    (filters as Record<string, Record<string, readonly string[]> | undefined>)[channel] ?? {};
  return Object.entries(COMPARED).every(([field, name]) => {
    const key = keys[name];
    return key === undefined || (filter[field]?.includes(key) ?? true);
  });
}
