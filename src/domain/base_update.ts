/** How the base is brought into a task's worktree, as it is asked for. */
import * as z from "zod";

export const UpdateMethod = z.enum(["rebase", "merge"]);
export type UpdateMethod = z.infer<typeof UpdateMethod>;

/** Who resolves conflicts. */
export const Resolver = z.enum(["none", "agent"]);
export type Resolver = z.infer<typeof Resolver>;
