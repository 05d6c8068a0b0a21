/** `answer`: the answer to an agent's question. */
import type { Command } from "commander";
import type { HttpClient } from "../../client/http.ts";
import { ApiError } from "../../domain/errors.ts";
import type { AnswerContent, Question } from "../../domain/question.ts";
import { answerContent, fieldLines } from "../answer_values.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { confirmed, isAttended } from "../confirm.ts";
import { openQuestions } from "../task_text.ts";
import { oneLine } from "../text.ts";

interface AnswerFlags extends CommonFlags {
  question?: string;
  decline?: true;
  cancel?: true;
  yes?: true;
}

export function addAnswerQuestion(program: Command, cli: Cli): void {
  cli.command(
    program,
    "answer <task> [values...]",
    "answer what a task's agent asked; without values, show it",
  )
    .option("--question <id>", "which of several open questions")
    .option("--decline", "let the agent go on without an answer")
    .option("--cancel", "put the question off")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nA value is FIELD=VALUE, or the value of the first field. Several values of a list are joined by commas.\n" +
        "To say that you have visited the page that the agent named: opencode-agents answer TASK done",
    )
    .action(async (task_id: string, words: string[], flags: AnswerFlags) => {
      const server = cli.http(flags);
      const { terminal } = cli;
      const question = await openQuestion(server, task_id, flags.question);
      const { question_id, schema } = question;
      const action = flags.decline ? "decline" : flags.cancel ? "cancel" : "accept";
      const shown = [oneLine(question.message), ...fieldLines(question)];
      if (action === "accept" && words.length === 0) {
        if (flags.json) return terminal.json(question, 2);
        for (const line of shown) terminal.line(line);
        return;
      }
      if (!flags.json) { for (const line of shown) terminal.note(line); }
      const content = action === "accept" && schema ? answerContent(schema, words) : undefined;
      const asks = action === "accept" && !flags.yes && !flags.json && isAttended(cli);
      if (asks && !confirmed(cli, `Answer ${answerText(content)}?`)) {
        cli.exit = 1;
        return terminal.note("nothing was answered");
      }
      const reply = await server.request("answer_question", { task_id, question_id, action, content });
      if (flags.json) return terminal.json(reply, 2);
      terminal.line(`${DONE[action]}: ${question_id} of task ${task_id}`);
    });
}

/** `color=red, size=[1,2]`, as the agent gets it. */
function answerText(content: AnswerContent | undefined): string {
  const fields = Object.entries(content ?? {});
  const text = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
  return fields.length === 0
    ? "that it is done"
    : fields.map(([name, value]) => oneLine(`${name}=${text(value)}`)).join(", ");
}

const DONE = { accept: "answered", decline: "declined", cancel: "cancelled" };

async function openQuestion(
  server: HttpClient,
  task_id: string,
  question_id: string | undefined,
): Promise<Question> {
  const { task } = await server.request("get_task_status", { task_id });
  const open = openQuestions(task);
  const found = question_id === undefined ? open : open.filter((one) => one.question_id === question_id);
  if (found.length === 1) return found[0]!;
  const why = open.length === 0
    ? "has no open question"
    : question_id === undefined
    ? `has ${open.length} open questions; name one with --question`
    : `has no open question '${question_id}'`;
  throw new ApiError("INVALID_FIELD_VALUE", `Task '${task_id}' ${why}`, {
    field: "question_id",
    expected: open.map((one) => `${one.question_id} (${oneLine(one.message)})`),
  });
}
