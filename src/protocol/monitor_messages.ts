/** Sections 3 and 4 of the API document: the machine's resources and its processes. */
import * as z from "zod";
import { exchange, sortBy } from "./exchange.ts";
import {
  ClaudeProcess,
  KillSignal,
  Process,
  PROCESS_SORT_FIELDS,
  ProcessFilter,
  ResourceSummary,
  SystemLoad,
} from "./process.ts";
import { SystemResources } from "./resources.ts";

export const ProcessList = z.object({
  processes: z.array(Process),
  total_count: z.int(),
  filtered_count: z.int(),
  system_load: SystemLoad.optional(),
  resource_summary: ResourceSummary,
  timestamp: z.string(),
});
export type ProcessList = z.infer<typeof ProcessList>;

export const Killed = z.object({
  pid: z.int(),
  signal: KillSignal,
  success: z.literal(true),
  termination_time: z.string(),
});
export type Killed = z.infer<typeof Killed>;

export const monitorMessages = {
  request_system_resources: exchange("request_system_resources", {}, "system_resources", {
    data: SystemResources,
  }),
  request_process_list: exchange(
    "request_process_list",
    {
      filter: ProcessFilter.optional(),
      sort: sortBy(PROCESS_SORT_FIELDS).optional(),
      limit: z.int().min(1).max(1000).default(50),
      offset: z.int().min(0).default(0),
      include_system_processes: z.boolean().default(false),
    },
    "process_list",
    { data: ProcessList },
  ),
  request_claude_processes: exchange("request_claude_processes", {}, "claude_processes", {
    processes: z.array(ClaudeProcess),
    timestamp: z.string(),
  }),
  kill_process: exchange(
    "kill_process",
    {
      pid: z.int().min(1),
      signal: KillSignal.default("SIGTERM"),
    },
    "process_killed",
    { data: Killed },
  ),
};
