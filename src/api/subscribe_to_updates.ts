import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { channelTable } from "./channels/table.ts";

const TABLE = channelTable();

export const subscribeToUpdates = capability({
  type: "subscribe_to_updates",
  doc: "Pushes what happens on these channels to this connection from now on.",
  permission: "read",
  errors: ["SUBSCRIPTION_ERROR"],
  example: {
    type: "subscribe_to_updates",
    channels: ["task_status", "log_entries"],
    filters: { task_status: { task_ids: ["task_456"] }, log_entries: { levels: ["error", "warn"] } },
  },
  handle: ({ channels, filters }, { auth, clock }, session) => {
    for (const channel of channels) {
      const { permission } = TABLE.get(channel)!;
      auth.authorise(permission, channel, session.identity, session.limits.client);
    }
    return {
      channels,
      subscription_id: session.subscribe(channels, filters ?? {}),
      timestamp: isoTime(clock.now()),
    };
  },
});
