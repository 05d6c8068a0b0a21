/** The end of a task's worktree, as it is stored: what is under way, and what became of the work. */
import * as z from "zod";

export const AcceptMethod = z.enum(["squash", "merge", "rebase"]).describe(
  "squash: one commit. merge: a commit with two parents. rebase: the task's own commits, on top of the branch.",
);
export type AcceptMethod = z.infer<typeof AcceptMethod>;

/** What clients see of accepted work. */
export const Accepted = z.object({
  method: AcceptMethod,
  into: z.string().describe("The branch that has taken the work."),
  commit: z.string().describe("The commit that this branch has got."),
  head: z.string().describe("The task's own last commit, which is kept as long as the task is."),
  at: z.string(),
});
export type Accepted = z.infer<typeof Accepted>;

export const Discarded = z.object({
  kept_as: z.string().describe("The reference that keeps the commits for `tasks.retention_days`."),
  at: z.string(),
});
export type Discarded = z.infer<typeof Discarded>;

const WorkingTree = z.object({ path: z.string(), git_dir: z.string() });

/** One task whose work moves with another's, or its own. */
const Brought = z.object({ task_id: z.string(), head: z.string(), kept_as: z.string() });

/**
 * What is about to be done with a task's worktree. It is stored before the first step, so that a crash at any step can be
 * told from one before it, and removed with the last one.
 */
export const Ending = z.union([
  z.object({
    kind: z.literal("accept"),
    common_dir: z.string(),
    /** The root of a working tree that belongs to it. */
    repository: z.string().optional(),
    method: AcceptMethod,
    message: z.string().optional(),
    include_dependencies: z.boolean(),
    into: z.string(),
    /** The commits that the branch has before and after. */
    from: z.string(),
    to: z.string(),
    /** The working trees that follow. */
    trees: z.array(WorkingTree),
    brought: z.array(Brought).describe("The task itself, and the dependencies whose work it brings along."),
  }),
  /** Another task brings its work along. */
  z.object({ kind: z.literal("brought"), by: z.string() }),
  z.object({
    kind: z.literal("discard"),
    head: z.string(),
    kept_as: z.string(),
    merged: z.boolean().optional().describe("A pull request has brought the work where it belongs."),
  }),
  /** The base comes into the worktree, which stays. */
  z.object({
    kind: z.literal("update"),
    base: z.string().describe("The commit from which the work begins then."),
    /** The commits that the task's branch has before and after. */
    from: z.string(),
    to: z.string(),
    /** The working trees that follow. */
    trees: z.array(WorkingTree),
    has_conflicts: z.boolean(),
    unresolved: z.array(z.string()).optional().describe("Those of before."),
  }),
  /** The worktree goes; what nobody has judged yet is kept. */
  z.object({ kind: z.literal("release"), head: z.string().optional(), kept_as: z.string().optional() }),
]);
export type Ending = z.infer<typeof Ending>;
export type DiscardIntent = Extract<Ending, { kind: "discard" }>;
export type ReleaseIntent = Extract<Ending, { kind: "release" }>;
export type UpdateIntent = Extract<Ending, { kind: "update" }>;
export type AcceptIntent = Extract<Ending, { kind: "accept" }>;
