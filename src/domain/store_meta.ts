/** The store's own description. */
import * as z from "zod";

export const StoreMeta = z.object({
  format: z.int().describe("Increases when an older program could no longer read what a newer one writes."),
  id: z.string().describe("Stays the same for as long as the data exists."),
});
