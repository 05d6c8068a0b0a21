/** Counts what a task has changed. */
import type { ChangeCounts } from "../domain/workspace.ts";
import type { Git, GitPlace } from "./git.ts";

/**
 * From commit `from` to commit or tree `to`. A renamed file counts once, a binary one without lines. `head`: the last commit
 * that counts as one.
 */
export async function changeCounts(
  git: Git,
  place: GitPlace,
  from: string,
  to: string,
  signal?: AbortSignal,
  head = to,
): Promise<ChangeCounts> {
  const asked = [
    "diff-tree",
    "-r",
    "-z",
    "--numstat",
    "--find-renames",
    "--no-ext-diff",
    "--no-textconv",
    from,
    to,
  ];
  const [fields, commits] = await Promise.all([
    git.fields(place, asked, { signal }),
    git.line(place, ["rev-list", "--count", `${from}..${head}`], { signal }),
  ]);
  const counts = { files: 0, additions: 0, deletions: 0, commits: Number(commits) };
  for (const field of fields) {
    // The two names of a renamed file are fields of their own.
    const [, additions, deletions] = /^(\d+|-)\t(\d+|-)\t/.exec(field) ?? [];
    if (additions === undefined) continue;
    counts.files++;
    counts.additions += Number(additions) || 0;
    counts.deletions += Number(deletions) || 0;
  }
  return counts;
}
