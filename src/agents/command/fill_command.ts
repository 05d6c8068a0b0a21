/** The command line of a task. Pure. */
import type { RunRequest } from "../../domain/run.ts";
import { withoutNul } from "../supervision/environment.ts";

const MODEL = "{model}";

/** Whether the command passes on the task's model. */
export function takesModel(command: string[]): boolean {
  return command.slice(1).some((arg) => arg.includes(MODEL));
}

/**
 * Replaces `{id}`, `{type}`, `{description}`, `{prompt}`, `{files_pattern}` and `{model}` in the agent's command by the
 * task's texts. A text stays within its argument and is not searched for placeholders again. An argument with `{model}`
 * is left out if the task names no model. The program's own name is not replaced, so a task's text never chooses what is
 * run.
 */
export function fillCommand(command: string[], task: RunRequest["task"], model?: string): string[] {
  const texts: Record<string, string> = {
    id: task.id,
    type: task.type,
    description: task.description,
    prompt: task.prompt,
    files_pattern: task.files_pattern ?? "",
    model: model ?? "",
  };
  const [program = "", ...args] = command;
  const fill = (arg: string) =>
    arg.replace(
      /\{(id|type|description|prompt|files_pattern|model)\}/g,
      (_, name) => withoutNul(texts[name]!),
    );
  return [program, ...args.filter((arg) => model !== undefined || !arg.includes(MODEL)).map(fill)];
}
