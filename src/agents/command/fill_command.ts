/** The command line of a task. Pure. */
import type { RunRequest } from "../../domain/run_request.ts";
import { withoutNul } from "../supervision/environment.ts";

/** What a task may choose. An argument that contains it is left out if the task does not. */
export const CHOICES = ["model", "effort", "mode"] as const;
type ChoiceName = typeof CHOICES[number];

/** Whether the command passes on the task's choice. */
export function takes(command: readonly string[], choice: ChoiceName): boolean {
  return command.slice(1).some((arg) => arg.includes(`{${choice}}`));
}

/**
 * Replaces `{id}`, `{type}`, `{description}`, `{prompt}`, `{files_pattern}`, `{model}`, `{effort}` and `{mode}` in the
 * agent's command by the task's texts. A text stays within its argument and is not searched for placeholders again. The
 * program's own name is not replaced, so a task's text never chooses what is run. An argument with `{attachments}` comes
 * once for each attached file.
 */
export function fillCommand(
  command: string[],
  task: RunRequest["task"],
  choices: Pick<RunRequest, ChoiceName | "attachments"> = {},
): string[] {
  const { model = "", effort = "", mode = "" } = choices;
  const texts: Record<string, string> = {
    id: task.id,
    type: task.type,
    description: task.description,
    prompt: task.prompt,
    files_pattern: task.files_pattern ?? "",
    model,
    effort,
    mode,
  };
  const [program = "", ...args] = command;
  const fill = (arg: string, attachments = "") =>
    arg.replace(
      /\{(id|type|description|prompt|files_pattern|model|effort|mode|attachments)\}/g,
      (_, name) => name === "attachments" ? attachments : withoutNul(texts[name]!),
    );
  /** What a task says never becomes an option of the program, whatever it begins with. */
  const fillText = (arg: string, attachments = "") => {
    const filled = fill(arg, attachments);
    if (arg.startsWith("-") || !filled.startsWith("-")) return filled;
    return arg.startsWith("{files_pattern}") ? `./${filled}` : ` ${filled}`;
  };
  const fillAll = (arg: string) =>
    arg.includes("{attachments}")
      ? (choices.attachments ?? []).map(({ path }) => fillText(arg, path))
      : [fillText(arg)];
  const isNamed = (arg: string) =>
    CHOICES.every((choice) => choices[choice] !== undefined || !arg.includes(`{${choice}}`));
  return [program, ...args.filter(isNamed).flatMap(fillAll)];
}
