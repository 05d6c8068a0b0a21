/** Finds the lines that comments are about, and where they are in the work as it is now. */
import type { CommentedLines, ComparedWork, FoundLines } from "../../domain/comparison.ts";
import { type Hunk, hunksOf, movedLines } from "../../domain/moved_lines.ts";
import type { Present } from "./present.ts";
import { type FoundFile, textsOf } from "./file_lines.ts";
import { listChanges } from "./list_changes.ts";
import type { PlainRepository } from "./plain_repository.ts";

/** In the order of `lines`. */
export async function linesNow(
  plain: PlainRepository,
  work: ComparedWork,
  present: Present,
  lines: readonly CommentedLines[],
): Promise<FoundLines[]> {
  const seenIn = ({ side, commit }: CommentedLines) => {
    if (side === "old") return work.base_commit;
    return commit === undefined || commit === present.head ? present.tree : commit;
  };
  const found: FoundLines[] = new Array(lines.length);
  const groups = Map.groupBy(
    lines.map((each, i) => ({ each, i })),
    ({ each }) => `${each.side} ${seenIn(each)}`,
  );
  for (const group of groups.values()) {
    const [first] = group;
    const tree = seenIn(first!.each);
    if (await isMissing(plain, tree)) {
      for (const { i } of group) found[i] = { problem: "no_commit" };
      continue;
    }
    const paths = [...new Set(group.map(({ each }) => each.path))];
    const texts = await textsOf(plain, tree, paths);
    const isPresent = tree === present.tree || first!.each.side === "old";
    const changed = isPresent ? undefined : await changedLines(plain, tree, present.tree, paths);
    for (const { each, i } of group) found[i] = placed(each, texts.get(each.path), changed?.get(each.path));
  }
  return found;
}

function placed(
  { line, end_line }: CommentedLines,
  file: FoundFile | undefined,
  hunks: readonly Hunk[] | "gone" | undefined,
): FoundLines {
  if (!file) return { problem: "no_file" };
  const now = hunks === "gone" ? undefined : movedLines(hunks ?? [], { line, end_line });
  if (file.text === undefined) return { now };
  const all = file.text.split(/(?<=\n)/);
  if (end_line > all.length) return { problem: "no_line", lines_there: all.length };
  return { text: all.slice(line - 1, end_line).join(""), now };
}

/** Of each file that differs: where. */
async function changedLines(plain: PlainRepository, from: string, to: string, paths: readonly string[]) {
  const changed = new Map<string, Hunk[] | "gone">();
  for (const path of paths) {
    const { files } = await listChanges(plain, from, to, { path, context: 0, patch: true });
    const file = files.find((one) => one.path === path);
    if (!file) {
      // It has got another name.
      if (files.length > 0) changed.set(path, "gone");
      continue;
    }
    const isText = file.status === "modified" && !file.binary && file.truncated !== true;
    changed.set(path, isText ? hunksOf(file.patch ?? "") : "gone");
  }
  return changed;
}

async function isMissing(plain: PlainRepository, tree: string): Promise<boolean> {
  const asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${tree}^{tree}`];
  return (await plain.run(asked, { accepts: [1, 128] })).code !== 0;
}
