import { isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { capability } from "./capability.ts";

export const unsubscribeFromUpdates = capability({
  type: "unsubscribe_from_updates",
  doc:
    "Ends the pushes of some channels, of a whole subscription, or of some channels of one subscription. " +
    "To end a followed log, give its subscription_id.",
  permission: "read",
  errors: ["SUBSCRIPTION_ERROR"],
  example: { type: "unsubscribe_from_updates", channels: ["task_status"] },
  handle: ({ channels, subscription_id }, { clock }, session) => {
    if (channels === undefined && subscription_id === undefined) {
      throw new ApiError(
        "MISSING_REQUIRED_FIELD",
        "Required field 'channels' (or 'subscription_id') is missing",
        {
          field: "channels",
          value: null,
          expected: "array",
        },
      );
    }
    const ended = session.unsubscribe(channels, subscription_id);
    return { channels: ended, subscription_id, timestamp: isoTime(clock.now()) };
  },
});
