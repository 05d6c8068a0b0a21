import type { ChannelDefinition } from "./channel.ts";

/** Log entries, once they are stored. */
export const logEntries: ChannelDefinition = {
  name: "log_entries",
  permission: "read",
  pushes: ["log_entry"],
  onEvent: (event) =>
    event.kind !== "log.appended" ? [] : event.entries.map(({ node, seq, entry }) => ({
      keys: { level: entry.level, agent: entry.agent },
      message: { type: "log_entry", log: entry },
      place: { node, seq },
    })),
};
