/** Checks the answer to an agent's question against the schema that the agent sent with it. */
import * as z from "zod";
import type { AnswerContent, QuestionField, QuestionSchema } from "../domain/question.ts";
import { choicesOf } from "../domain/question_choices.ts";
import { text } from "../domain/scalars.ts";
import { schemaError } from "./schema_errors.ts";

/** The longest text of one field, in characters. */
const LONGEST_TEXT = 65_536;

/**
 * Returns the content as the agent gets it. Throws an `ApiError` whose field is `content.NAME`; all other problems are in
 * `details.errors`.
 */
export async function checkedContent(schema: QuestionSchema, content: AnswerContent): Promise<AnswerContent> {
  const patterns = await compiledPatterns(schema);
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([name, field]) => {
    const value = valueOf(field, patterns.get(name));
    return [name, required.has(name) ? value : value.optional()] as const;
  });
  const answer = z.object({ content: z.strictObject(Object.fromEntries(fields)) });
  const parsed = answer.safeParse({ content });
  if (!parsed.success) throw schemaError(answer, parsed.error.issues, { content });
  return parsed.data.content as AnswerContent;
}

function valueOf(field: QuestionField, matches: Matches | undefined): z.ZodType {
  const choices = choicesOf(field)?.map((option) => option.const);
  switch (field.type) {
    case "boolean":
      return z.boolean();
    case "number":
      return between(z.number(), field);
    case "integer":
      return between(z.int(), field);
    case "array": {
      const list = z.array(z.enum(choices ?? []));
      return list.min(field.minItems ?? 0).max(field.maxItems ?? Infinity);
    }
    case "string": {
      if (choices !== undefined) return z.enum(choices);
      return text(field.minLength ?? 0, Math.min(field.maxLength ?? Infinity, LONGEST_TEXT))
        .refine((value) => field.format === undefined || FORMATS[field.format](value), {
          error: `of the format ${field.format}`,
          params: { code: "INVALID_FIELD_FORMAT" },
        })
        .refine((value) => matches === undefined || matches(value), {
          error: `a text that matches ${field.pattern}`,
          params: { code: "INVALID_FIELD_FORMAT" },
        });
    }
  }
}

function between(
  value: z.ZodNumber,
  { minimum = -Infinity, maximum = Infinity }: { minimum?: number; maximum?: number },
): z.ZodNumber {
  return value.min(minimum).max(maximum);
}

const accepts = (schema: z.ZodType) => (value: string) => schema.safeParse(value).success;

type Format = NonNullable<Extract<QuestionField, { type: "string" }>["format"]>;

const FORMATS: Record<Format, (value: string) => boolean> = {
  email: accepts(z.email()),
  uri: (value) => URL.canParse(value),
  date: accepts(z.iso.date()),
  "date-time": accepts(z.iso.datetime({ offset: true })),
};

type Matches = (value: string) => boolean;

/**
 * The patterns of the schema's fields. An agent's pattern could keep a backtracking engine busy for years, so RE2 matches
 * it, in time that grows with the text alone. What RE2 does not know, such as lookahead, is left to the agent.
 */
async function compiledPatterns(schema: QuestionSchema): Promise<Map<string, Matches>> {
  const patterns = new Map<string, Matches>();
  for (const [name, field] of Object.entries(schema.properties)) {
    if (field.type !== "string" || field.pattern === undefined) continue;
    const { RE2JS, RE2JSException } = await import("re2js");
    try {
      const compiled = RE2JS.compile(field.pattern);
      patterns.set(name, (value) => compiled.matcher(value).find());
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
    }
  }
  return patterns;
}
