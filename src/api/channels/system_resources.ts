import type { ChannelDefinition } from "./channel.ts";

/** The processor, memory, disk and network of the machine. */
export const systemResources: ChannelDefinition = {
  name: "system_resources",
  permission: "read",
  pushes: ["resource_update"],
  reports: ({ machine, intervals }) => ({
    interval_ms: intervals.resources_interval_ms,
    produce: async () => ({ type: "resource_update", resources: await machine.resources() }),
  }),
};
