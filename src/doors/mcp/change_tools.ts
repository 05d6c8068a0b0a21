/** The tool that reads what a task has changed. */
import * as z from "zod";
import { cutToBytes, text, utf8Length } from "../../domain/scalars.ts";
import { type ChangedFile, ChangeTotals, FileStatus, Since } from "../../domain/task_changes.ts";
import { taskId, tool } from "./tool.ts";

/** The caller reads every word. */
const FILES_MAX = 300;
const PATCHES_BYTES_MAX = 100 << 10;

const changedFile = z.object({
  path: z.string(),
  old_path: z.string().optional(),
  status: FileStatus,
  binary: z.boolean().optional(),
  additions: z.int(),
  deletions: z.int(),
  patch: z.string().optional(),
  truncated: z.boolean().optional().describe("true: the patch is cut or left out; name its path to see it"),
});

export const getTaskChanges = tool({
  name: "get_task_changes",
  title: "Read what a task has changed",
  description:
    "The files that a task has changed, as git says, with patches: also while it runs, then with what is not committed " +
    "yet. Read them before you build on another agent's work. Begin with patch: false where many files may have changed.",
  input: {
    task_id: taskId,
    path: text(1, 4096).optional().describe(
      "Only this file, or what is in this folder; from the repository's root",
    ),
    since: Since.optional().describe("base (default): all of it; last_turn; last_review"),
    patch: z.boolean().default(true).describe("false: only the list of files"),
  },
  output: {
    task_id: z.string(),
    branch: z.string().optional(),
    base_commit: z.string(),
    head_commit: z.string(),
    uncommitted: z.boolean(),
    files: z.array(changedFile),
    more_files: z.int().optional().describe("How many more have changed than are listed"),
    totals: ChangeTotals,
    ahead: z.int(),
    behind: z.int(),
    conflicts: z.array(z.string()).describe("Files that would conflict if the changes were accepted now"),
  },
  hints: { readOnlyHint: true },
  async run({ task_id, path, since, patch }, { backend, signal }) {
    const asked = { task_id, path, since, patch };
    const { files, totals, ...reply } = await backend.request("get_task_changes", asked, { signal });
    const { branch, base_commit, head_commit, uncommitted, ahead, behind, conflicts } = reply;
    const listed = files.slice(0, FILES_MAX);
    return {
      task_id,
      branch,
      base_commit,
      head_commit,
      uncommitted,
      files: inBrief(listed),
      more_files: totals.files - listed.length || undefined,
      totals,
      ahead,
      behind,
      conflicts,
    };
  },
});

function inBrief(files: readonly ChangedFile[]): z.infer<typeof changedFile>[] {
  let left = PATCHES_BYTES_MAX;
  return files.map(({ blob: _blob, binary, patch, truncated, ...file }) => {
    const shown = patch === undefined || left === 0 ? undefined : cutToBytes(patch, left);
    left -= utf8Length(shown ?? "");
    return {
      ...file,
      binary: binary || undefined,
      patch: shown,
      truncated: truncated || shown !== patch || undefined,
    };
  });
}
