/** The command line of a task. Pure. */
import type { RunRequest } from "../../domain/run.ts";
import { withoutNul } from "../supervision/environment.ts";

/**
 * Replaces `{id}`, `{type}`, `{description}`, `{prompt}` and `{files_pattern}` in the agent's command by the task's
 * texts. A text stays within its argument and is not searched for placeholders again. The program's own name is not
 * replaced, so a task's text never chooses what is run.
 */
export function fillCommand(command: string[], task: RunRequest["task"]): string[] {
  const texts: Record<string, string> = {
    id: task.id,
    type: task.type,
    description: task.description,
    prompt: task.prompt,
    files_pattern: task.files_pattern ?? "",
  };
  const [program = "", ...args] = command;
  const fill = (arg: string) =>
    arg.replace(/\{(id|type|description|prompt|files_pattern)\}/g, (_, name) => withoutNul(texts[name]!));
  return [program, ...args.map(fill)];
}
