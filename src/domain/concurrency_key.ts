/** How many tasks that share something may run at once, by configuration. Pure. */
import * as z from "zod";
import type { Bound } from "./concurrency.ts";
import { text } from "./scalars.ts";

export const ConcurrencyKey = z.strictObject({
  by: z.enum(["agent", "project", "working_dir", "owner", "type", "tenant"]).describe(
    "What the tasks share.",
  ),
  limit: z.int().min(1).max(1000).describe("How many of them run at once."),
  only: z.array(text(1, 4096)).min(1).max(100).optional().describe(
    "The values that are bounded, such as names of agents. Default: each value by itself.",
  ),
});
export type ConcurrencyKey = z.infer<typeof ConcurrencyKey>;

/** What a task has of each. Folders are absolute, with symbolic links resolved. */
export type SharedValues = Partial<Record<ConcurrencyKey["by"], string>>;

export interface KeyBound extends Bound {
  by: ConcurrencyKey["by"];
}

/** The bounds on a task with these values. What it does not have does not bound it. */
export function keyBounds(keys: readonly ConcurrencyKey[], values: SharedValues): KeyBound[] {
  return keys.flatMap(({ by, limit, only }, i) => {
    const value = values[by];
    if (value === undefined || value === "" || (only && !only.includes(value))) return [];
    return [{ by, limit, key: `concurrency ${i} ${value}` }];
  });
}
