/** The store's own description. */
import * as z from "zod";

export const StoreMeta = z.object({
  format: z.int().describe("Increases when an older program could no longer read what a newer one writes."),
  id: z.string().describe("Stays the same for as long as the data exists."),
  earlier_ids: z.array(z.string()).optional().describe(
    "Of the stores whose data may be in this one: it is a copy of them, or has imported them.",
  ),
});
export type StoreMeta = z.infer<typeof StoreMeta>;

/** More are not remembered. */
const MOST_EARLIER = 1000;

/** All stores whose data may be in this one. */
export function idsOf({ id, earlier_ids = [] }: Pick<StoreMeta, "id" | "earlier_ids">): string[] {
  return [...earlier_ids, id];
}

/** The description with stores whose data are now in it too. */
export function withEarlier(meta: StoreMeta, ids: readonly string[]): StoreMeta {
  const earlier = new Set([...meta.earlier_ids ?? [], ...ids]);
  earlier.delete(meta.id);
  return { ...meta, earlier_ids: [...earlier].slice(-MOST_EARLIER) };
}
