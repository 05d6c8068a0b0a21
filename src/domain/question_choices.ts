/** The choices of a question's field. Separate from the schemas, which are too large for the dashboard. */
import type { QuestionField, QuestionOption } from "./question.ts";

/** The values among which a field is chosen; undefined if it is free. */
export function choicesOf(field: QuestionField): readonly QuestionOption[] | undefined {
  if (field.type === "array") {
    return "anyOf" in field.items ? field.items.anyOf : untitled(field.items.enum);
  }
  if (field.type !== "string") return undefined;
  return field.oneOf ?? (field.enum && untitled(field.enum));
}

function untitled(values: readonly string[]): QuestionOption[] {
  return values.map((value) => ({ const: value, title: value }));
}
