import type { Pushes } from "../../protocol/pushes.ts";
import type { ChannelDefinition } from "./channel.ts";

/** The most processes that one scan reports. */
const PROCESSES_MAX = 1000;

/** The agents of this machine and the processes that this server started. */
export const processes: ChannelDefinition = {
  name: "processes",
  permission: "read",
  pushes: ["detailed_process_scan"],
  reports: ({ machine, intervals }) => ({
    interval_ms: intervals.processes_interval_ms,
    async produce() {
      const scan = await machine.processes({ limit: PROCESSES_MAX, offset: 0 });
      const { processes, system_load, scan_duration_ms, timestamp } = scan;
      return { type: "detailed_process_scan", processes, system_load, scan_duration_ms, timestamp };
    },
    narrow(message, types) {
      const scan = message as Pushes["detailed_process_scan"];
      return { ...scan, processes: scan.processes.filter(({ type }) => types.includes(type)) };
    },
  }),
};
