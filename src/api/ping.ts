import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const ping = capability({
  type: "ping",
  doc: "Answers at once with the client's timestamp and the server's time.",
  permission: "read",
  errors: [],
  example: { type: "ping", timestamp: 1642152600000 },
  handle: ({ timestamp }, { clock }) => ({ timestamp, server_time: isoTime(clock.now()) }),
});
