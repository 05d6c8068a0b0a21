/** What is typed into a question's form, and the answer that it makes. Pure. */
import { ApiError } from "../../../domain/errors.ts";
import type { AnswerContent, QuestionField, QuestionSchema } from "../../../domain/question.ts";

/** The fields as typed: text, the chosen values of a list, or whether a box is checked; undefined if untouched. */
export type Typed = Record<string, string | readonly string[] | boolean | undefined>;

/** The form as it opens: with the agent's defaults. */
export function opened({ properties }: QuestionSchema): Typed {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [
      name,
      typeof field.default === "number" ? String(field.default) : field.default,
    ]),
  );
}

/** Leaves out what is empty. What is no number goes as it is: the server says what is wrong with it. */
export function contentOf({ properties, required = [] }: QuestionSchema, typed: Typed): AnswerContent {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, field]) => {
      const value = valueOf(field, typed[name], required.includes(name));
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function valueOf(
  field: QuestionField,
  typed: Typed[string],
  isRequired: boolean,
): AnswerContent[string] | undefined {
  switch (field.type) {
    case "boolean":
      return typeof typed === "boolean" ? typed : isRequired ? false : undefined;
    case "array":
      return Array.isArray(typed) && (typed.length > 0 || isRequired) ? [...typed] : undefined;
    case "number":
    case "integer": {
      if (typeof typed !== "string" || typed.trim() === "") return undefined;
      return Number.isFinite(Number(typed)) ? Number(typed) : typed;
    }
    case "string":
      return typeof typed === "string" && typed !== "" ? typed : undefined;
  }
}

/** The server's refusal, by the name of the field that it concerns. */
export function problemsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const others = Array.isArray(error.details.errors) ? error.details.errors : [];
  const all = [{ message: error.message, ...error.details }, ...others] as {
    message: string;
    field?: unknown;
  }[];
  return Object.fromEntries(
    all.flatMap(({ field, message }) => {
      const name = /^content\.([^[]+)/.exec(String(field))?.[1];
      return name === undefined ? [] : [[name, message]];
    }),
  );
}
