/** What a task has changed, as git says. */
import * as z from "zod";

/** A patch longer than this is cut, in UTF-8 bytes. */
export const PATCH_BYTES_MAX = 256 << 10;
/** All patches of one answer, in UTF-8 bytes. */
export const PATCHES_BYTES_MAX = 4 << 20;
/** How many files one answer lists. */
export const FILES_MAX = 10_000;
/** All names of one answer, in UTF-8 bytes. */
export const NAMES_BYTES_MAX = 4 << 20;

export const FileStatus = z.enum(["added", "modified", "deleted", "renamed", "type_changed"]);
export type FileStatus = z.infer<typeof FileStatus>;

export const ChangedFile = z.object({
  path: z.string().describe(
    "From the repository's root, with `/`. What is not UTF-8 in a name is shown as U+FFFD.",
  ),
  old_path: z.string().optional().describe("Of a renamed file."),
  status: FileStatus.describe("type_changed: a file has become a symbolic link or a submodule, or was one."),
  binary: z.boolean().describe("Also true for a file of more than 50 MiB, which is not compared by lines."),
  additions: z.int().min(0).describe("Lines. 0 for a binary file."),
  deletions: z.int().min(0).describe("Lines. 0 for a binary file."),
  blob: z.string().describe(
    "git's id of the new content, for the marks of `save_review`. Zeros for a deleted file.",
  ),
  patch: z.string().optional().describe("A unified diff. Absent for a binary file."),
  truncated: z.boolean().optional().describe(
    "true: the patch is cut, or left out because the answer was full. Ask for this `path` alone.",
  ),
});
export type ChangedFile = z.infer<typeof ChangedFile>;

export const ChangeTotals = z.object({
  files: z.int().min(0),
  additions: z.int().min(0),
  deletions: z.int().min(0),
});
export type ChangeTotals = z.infer<typeof ChangeTotals>;

/** From when on changes count. */
export const Since = z.enum(["base", "last_turn", "last_review"]);
export type Since = z.infer<typeof Since>;

export const TaskChanges = z.object({
  base_commit: z.string().describe("The commit that `since` names."),
  head_commit: z.string().describe("The last commit of the work."),
  branch: z.string().optional().describe("The task's branch, while it exists."),
  uncommitted: z.boolean().describe("Whether there are changes that are not committed yet. They are listed."),
  nested: z.array(z.string()).optional().describe(
    "Repositories that were made inside the work, whose files are not part of it and not listed.",
  ),
  files: z.array(ChangedFile).describe("In the order of their paths."),
  files_truncated: z.boolean().optional().describe("true: there are more files than are listed."),
  totals: ChangeTotals.describe("Of all files, or of those at `path`, also of those that are not listed."),
  ahead: z.int().min(0).describe("Commits of the work that its base branch does not have."),
  behind: z.int().min(0).describe("Commits of the base branch that the work does not have."),
  conflicts: z.array(z.string()).describe("The files that would conflict if the changes were accepted now."),
  conflicts_unknown: z.string().optional().describe("Why the conflicts are not known, if they are not."),
});
export type TaskChanges = z.infer<typeof TaskChanges>;
