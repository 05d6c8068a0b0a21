/** What an agent says its work has cost. */
import * as z from "zod";

export const Cost = z.object({ amount: z.number(), currency: z.string() });
export type Cost = z.infer<typeof Cost>;
