/** How the log is stored: entries packed into chunks, each with a header that describes its contents. */
import * as z from "zod";

/** Entries per level, in the order of `LogLevel`. */
const LevelCounts = z.array(z.int());
export type LevelCounts = z.infer<typeof LevelCounts>;

export const StoredChunkHeader = z.object({
  chunk: z.int(),
  first_seq: z.int().describe("The sequence number of its first entry; the others follow."),
  count: z.int(),
  first_time: z.string(),
  last_time: z.string(),
  bytes: z.int().describe("The size of its lines."),
  search_bytes: z.int().optional().describe("The size of its text for searches, once it has one."),
  levels: LevelCounts,
  agents: z.array(z.tuple([z.string(), LevelCounts])).describe("The same per agent."),
});
export type StoredChunkHeader = z.infer<typeof StoredChunkHeader>;

/** Where the log continues after retention has dropped all of it. */
export const LogTail = z.object({ next_chunk: z.int(), next_seq: z.int(), last_time: z.string() });
export type LogTail = z.infer<typeof LogTail>;
