import { isoTime } from "../../clock/clock.ts";
import type { ChannelDefinition } from "./channel.ts";

const INTERVAL_MS = 15_000;

/** The state of the connection. Each connection fills in its own queue and last ping. */
export const connection: ChannelDefinition = {
  name: "connection",
  permission: "read",
  pushes: ["connection_status"],
  reports({ clock, clients }) {
    const started_ms = clock.monotonic();
    return {
      interval_ms: INTERVAL_MS,
      produce: () => ({
        type: "connection_status",
        status: "healthy",
        client_count: clients(),
        uptime_seconds: Math.floor((clock.monotonic() - started_ms) / 1000),
        message_queue_size: 0,
        timestamp: isoTime(clock.now()),
      }),
    };
  },
};
