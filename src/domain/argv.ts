/** A program and its arguments. No shell reads them. */
import * as z from "zod";
import { text } from "./scalars.ts";

export const Argv = z.array(text(0, 4096)).min(1).max(100).refine(([program]) => program !== "", {
  error: "a program and its arguments",
});
export type Argv = z.infer<typeof Argv>;
