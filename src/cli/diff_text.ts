/** A task's changes as text: patches, or one line for each file as `git diff --stat` has them. Pure. */
import type { ChangedFile, TaskChanges } from "../domain/task_changes.ts";
import type { Task } from "../domain/task.ts";
import { counted } from "../protocol/formats.ts";
import type { Style, Terminal } from "./terminal.ts";
import { clean, columns, fit, oneLine } from "./text.ts";

type Painter = Pick<Terminal, "paint" | "isTerminal" | "width">;

/** Other programs get the patches unchanged. A terminal would obey their escape sequences, so they are removed. */
export function patchLines(files: readonly ChangedFile[], terminal: Painter): string {
  const texts = files.map((file) => {
    const { patch } = file;
    if (patch === undefined) return `${withoutPatch(file)}\n`;
    const text = terminal.isTerminal ? painted(patch, terminal) : patch;
    // One that was cut may end within a line.
    return text.endsWith("\n") ? text : `${text}\n`;
  });
  return texts.join("").replace(/\n$/, "");
}

function withoutPatch({ path, binary, status }: ChangedFile): string {
  return `# ${oneLine(path)}: ${status}, ${binary ? "binary" : "too long to be shown here"}`;
}

function painted(patch: string, terminal: Painter): string {
  let isHeader = true;
  return patch.split("\n").map((line) => {
    if (line.startsWith("diff --git ")) isHeader = true;
    else if (line.startsWith("@@ ")) isHeader = false;
    const style = isHeader ? "bold" : styleOf(line);
    return style === undefined ? clean(line) : terminal.paint(clean(line), style);
  }).join("\n");
}

function styleOf(line: string): Style | undefined {
  switch (line[0]) {
    case "+":
      return "green";
    case "-":
      return "red";
    case "@":
      return "cyan";
  }
}

/** How many columns the signs of the file with the most lines take. */
const SIGNS = 30;
const NAME_MIN = 20;

export function statLines({ files, totals, files_truncated }: TaskChanges, terminal: Painter): string[] {
  const most = Math.max(1, ...files.map(({ additions, deletions }) => additions + deletions));
  const digits = String(most).length;
  const room = Math.max(NAME_MIN, terminal.width - SIGNS - digits - 6);
  const names = files.map(({ path, old_path }) => {
    const name = oneLine(path);
    return fit(old_path === undefined ? name : `${oneLine(old_path)} => ${name}`, room);
  });
  const widest = Math.max(0, ...names.map(columns));
  const scale = Math.min(1, SIGNS / most);
  const signs = (count: number) => count === 0 ? 0 : Math.max(1, Math.round(count * scale));
  const lines = files.map(({ binary, additions, deletions }, i) => {
    const name = names[i]! + " ".repeat(widest - columns(names[i]!));
    if (binary) return ` ${name} | binary`;
    const plus = terminal.paint("+".repeat(signs(additions)), "green");
    const minus = terminal.paint("-".repeat(signs(deletions)), "red");
    return ` ${name} | ${String(additions + deletions).padStart(digits)} ${plus}${minus}`.trimEnd();
  });
  if (files_truncated) lines.push(` … and ${totals.files - files.length} more`);
  return [...lines, ` ${totalLine(totals)}`];
}

function totalLine({ files, additions, deletions }: TaskChanges["totals"]): string {
  return `${counted(files, "file")} changed, +${additions} −${deletions}`;
}

type Judged = Pick<Task, "review" | "accepted" | "discarded">;

/** What has become of changes that were judged; undefined if they were not. */
function judgedNote({ review, accepted, discarded }: Judged): string | undefined {
  if (review === "accepted") {
    return accepted === undefined ? "accepted" : `accepted: commit ${accepted.commit} of '${accepted.into}'`;
  }
  if (review !== "discarded") return undefined;
  return discarded === undefined ? "discarded" : `discarded: the commits are kept as ${discarded.kept_as}`;
}

/** What a person should know besides the changes. */
export function standingNotes(changes: TaskChanges, task: Judged): string[] {
  const { ahead, behind, conflicts, conflicts_unknown, files, files_truncated, totals, uncommitted } =
    changes;
  const notes: string[] = [];
  if (uncommitted) notes.push("some of this is not committed yet");
  const judged = judgedNote(task);
  if (judged !== undefined) notes.push(judged);
  else if (ahead + behind > 0) notes.push(`${counted(ahead, "commit")} ahead of its base, ${behind} behind`);
  if (changes.nested !== undefined) {
    notes.push(`not part of it: the repositories inside, ${changes.nested.map(oneLine).join(", ")}`);
  }
  if (conflicts.length > 0) notes.push(`would conflict: ${conflicts.map(oneLine).join(", ")}`);
  if (conflicts_unknown !== undefined) notes.push(`conflicts are not known: ${oneLine(conflicts_unknown)}`);
  const cut = files.filter(({ truncated }) => truncated).length;
  if (cut > 0) {
    notes.push(`${counted(cut, "patch", "patches")} too long: name a file or folder to see it alone`);
  }
  if (files_truncated) notes.push(`${totals.files - files.length} more files have changed`);
  return notes;
}
