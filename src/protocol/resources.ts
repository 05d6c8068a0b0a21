/** The machine's resources as the API shows them. */
import * as z from "zod";

const percent = z.number().min(0).max(100);
const bytes = z.number().min(0);
const count = z.number().min(0);

/** Counted since the machine started, over all interfaces except loopback. */
export const NetworkStats = z.object({
  bytes_sent: bytes,
  bytes_recv: bytes,
  packets_sent: count.optional(),
  packets_recv: count.optional(),
  errors_sent: count.optional(),
  errors_recv: count.optional(),
  drop_sent: count.optional(),
  drop_recv: count.optional(),
});
export type NetworkStats = z.infer<typeof NetworkStats>;

/** Optional fields are absent if the platform or the server's permissions do not provide them. */
export const SystemResources = z.object({
  cpu_usage: percent,
  cpu_cores: z.int().optional(),
  /** MHz. */
  cpu_frequency: z.number().optional(),
  memory_usage: percent,
  memory_used: bytes,
  memory_total: bytes,
  memory_available: bytes.optional(),
  disk_usage: percent,
  disk_used: bytes,
  disk_total: bytes,
  disk_free: bytes.optional(),
  network_stats: NetworkStats.optional(),
  /** Both are absent if processes cannot be listed. */
  active_processes: z.int().min(0).optional(),
  claude_processes: z.int().min(0).optional(),
  load_average: z.tuple([z.number(), z.number(), z.number()]).optional(),
  uptime_seconds: z.number().optional(),
  timestamp: z.string(),
});
export type SystemResources = z.infer<typeof SystemResources>;
