/** The rule for whether a push passes a subscription's filter. The server and the client both apply it. */
import type { Channel, SubscriptionFilters } from "./subscription_messages.ts";

/** The values that filters compare. An unknown value excludes nothing. */
export interface PushKeys {
  task_id?: string;
  status?: string;
  level?: string;
  agent?: string;
}

/** Which key each field of a filter compares. The other fields of filters shorten a push instead. */
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
