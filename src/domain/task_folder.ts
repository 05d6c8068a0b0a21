/** Texts of agents, with paths in the task's folder told from there: those of worktrees are long. Pure. */
import type { Task } from "./task.ts";

/** The folder that the task works in, as far as it is known. */
export function folderOf(
  { workspace, execution }: Pick<Task, "workspace" | "execution">,
): string | undefined {
  return workspace?.path ?? execution?.working_dir;
}

/** The text with paths relative to the folder; the folder itself is `.`. */
export function toldFrom(folder: string | undefined, text: string): string {
  const root = folder?.replace(/\/+$/, "");
  if (!root) return text;
  const parts = text.split(root);
  return parts.slice(1).reduce((told, rest, i) => {
    // A longer path that only contains it is another one.
    const before = parts[i]!;
    const isPart = /[\w.~/-]$/.test(before) || /^[\w.~-]/.test(rest);
    return told + (isPart ? root + rest : /^\/[^\s'"]/.test(rest) ? rest.slice(1) : `.${rest}`);
  }, parts[0]!);
}
