import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { NOTHING } from "./touches.ts";

export const ping = capability({
  type: "ping",
  doc:
    "Answers at once with the server's time and the client's timestamp, or the server's if the client sent none.",
  permission: "read",
  errors: [],
  example: { type: "ping", timestamp: 1642152600000 },
  touches: () => NOTHING,
  handle({ timestamp }, { clock }) {
    const now = clock.now();
    return { timestamp: timestamp ?? now, server_time: isoTime(now) };
  },
});
