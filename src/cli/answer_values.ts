/** Reads the answer to an agent's question from the words of a command line, and says how to write one. Pure. */
import { ApiError } from "../domain/errors.ts";
import type { AnswerContent, Question, QuestionField } from "../domain/question.ts";
import { choicesOf } from "../domain/question_choices.ts";
import { nearest } from "../domain/field_problem.ts";
import { oneLine } from "./text.ts";

type Schema = NonNullable<Question["schema"]>;

/**
 * `FIELD=VALUE` for each field; a list takes several, also joined by commas. A word without a field's name is the value of
 * the first field. The server judges the values; here they only get the field's JSON type. Throws for an unknown field.
 */
export function answerContent({ properties }: Schema, words: readonly string[]): AnswerContent {
  const names = Object.keys(properties);
  const given = new Map<string, string[]>();
  for (const word of words) {
    const [, name, rest] = /^([^=]+)=([^]*)$/.exec(word) ?? [];
    const isField = name !== undefined && Object.hasOwn(properties, name);
    if (
      name !== undefined && !isField &&
      choicesOf(properties[names[0] ?? ""] ?? { type: "boolean" }) === undefined
    ) {
      throw unknownField(name, names);
    }
    const field = isField ? name : names[0];
    if (field === undefined) throw unknownField(word, names);
    given.set(field, [...given.get(field) ?? [], isField ? rest! : word]);
  }
  return Object.fromEntries([...given].map(([name, values]) => [name, typed(properties[name]!, values)]));
}

function unknownField(name: string, names: readonly string[]): ApiError {
  return new ApiError("INVALID_FIELD_VALUE", `The question has no field '${name}'`, {
    field: `content.${name}`,
    expected: names,
    suggestion: nearest(name, names),
  });
}

function typed(field: QuestionField, values: readonly string[]): AnswerContent[string] {
  const last = values.at(-1)!;
  switch (field.type) {
    case "boolean":
      return /^(true|yes|y|1)$/i.test(last) ? true : /^(false|no|n|0)$/i.test(last) ? false : last;
    case "number":
    case "integer":
      return last.trim() !== "" && Number.isFinite(Number(last)) ? Number(last) : last;
    case "array":
      return values.flatMap((value) => {
        const whole = choice(field, value);
        return whole === undefined
          ? value.split(",").map((part) => choice(field, part.trim()) ?? part.trim())
          : [whole];
      });
    case "string":
      return choice(field, last) ?? last;
  }
}

/** The value of the choice that is meant, by its value or its title. */
function choice(field: QuestionField, text: string): string | undefined {
  const choices = choicesOf(field) ?? [];
  return (choices.find((one) => one.const === text) ??
    choices.find((one) => one.title.toLowerCase() === text.toLowerCase()))?.const;
}

/** The question's fields, one a line: what each is called, what it is for, and what it takes. */
export function fieldLines({ schema, url }: Pick<Question, "schema" | "url">): string[] {
  if (url !== undefined) return [`  visit ${oneLine(url)}`];
  const required = schema?.required ?? [];
  return Object.entries(schema?.properties ?? {}).map(([name, field]) => {
    const words = [field.title, field.description].filter((text) => text !== undefined).map(oneLine).join(
      ": ",
    );
    const must = required.includes(name) ? "" : " (optional)";
    return `  ${oneLine(name)}${must}${words === "" ? "" : `  ${words}`}  [${takes(field)}]`;
  });
}

function takes(field: QuestionField): string {
  const choices = choicesOf(field);
  if (choices === undefined) return field.type === "boolean" ? "true or false" : field.type;
  const titles = choices.map((one) => oneLine(one.const)).join(" | ");
  return field.type === "array" ? `some of: ${titles}` : titles;
}
