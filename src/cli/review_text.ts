/** What a task has changed, what became of it, and what its reader can do next, for people. */
import type { Task } from "../domain/task.ts";
import { counted } from "../protocol/formats.ts";
import type { ServerChoice } from "./find_server.ts";
import { ownCommand } from "./own_command.ts";

/** `2 files +3 −1`; undefined if nothing has changed, or nobody knows. */
export function changesInWords({ changes }: Pick<Task, "changes">): string | undefined {
  if (changes === undefined || changes.files === 0) return undefined;
  return sizeInWords(changes);
}

/** `2 files +3 −1`, also of nothing. */
export function sizeInWords({ files, additions, deletions }: NonNullable<Task["changes"]>): string {
  return `${counted(files, "file")} +${additions} −${deletions}`;
}

/** What can be done with the work of a task that has ended, as commands; empty if nothing waits to be reviewed. */
export function nextSteps(task: Task, server: ServerChoice): string[] {
  if (task.review !== "to_review") return [];
  const steps = [
    ["read it", `diff ${task.id}`],
    ["send it back", `review ${task.id} -c FILE:LINE:TEXT`],
    ["or talk", `say ${task.id} TEXT`],
    ["take it", `accept ${task.id}`],
  ] as const;
  const changes = changesInWords(task);
  return [
    `to review${changes === undefined ? "" : `: ${changes}`}`,
    ...steps.map(([does, words]) => `  ${does.padEnd(13)}${ownCommand(words, server)}`),
  ];
}
