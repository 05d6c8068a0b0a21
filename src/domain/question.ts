/** An agent's question to a person: a form, or a page to visit. It is kept while it is open, pushed, and shown with its task. */
import * as z from "zod";

/** One of the values that an answer may choose. */
export const QuestionOption = z.object({
  const: z.string(),
  title: z.string(),
  description: z.string().optional(),
});
export type QuestionOption = z.infer<typeof QuestionOption>;

const named = { title: z.string().optional(), description: z.string().optional() };
const range = { minimum: z.number().optional(), maximum: z.number().optional() };
const count = z.int().min(0).optional();

/** A field of the form: the part of JSON Schema that the Agent Client Protocol allows. */
export const QuestionField = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("string"),
    ...named,
    minLength: count,
    maxLength: count,
    pattern: z.string().optional(),
    format: z.enum(["email", "uri", "date", "date-time"]).optional(),
    enum: z.array(z.string()).optional(),
    oneOf: z.array(QuestionOption).optional(),
    default: z.string().optional(),
  }),
  z.object({ type: z.literal("number"), ...named, ...range, default: z.number().optional() }),
  z.object({ type: z.literal("integer"), ...named, ...range, default: z.int().optional() }),
  z.object({ type: z.literal("boolean"), ...named, default: z.boolean().optional() }),
  z.object({
    type: z.literal("array"),
    ...named,
    minItems: count,
    maxItems: count,
    items: z.union([
      z.object({ type: z.literal("string").optional(), enum: z.array(z.string()) }),
      z.object({ anyOf: z.array(QuestionOption) }),
    ]),
    default: z.array(z.string()).optional(),
  }),
]);
export type QuestionField = z.infer<typeof QuestionField>;

export const QuestionSchema = z.object({
  type: z.literal("object"),
  ...named,
  properties: z.record(z.string(), QuestionField),
  required: z.array(z.string()).optional(),
});
export type QuestionSchema = z.infer<typeof QuestionSchema>;

export const Question = z.object({
  question_id: z.string().describe("Unique within the task."),
  message: z.string(),
  schema: QuestionSchema.optional().describe(
    "JSON Schema of the answer's `content`. Absent if `url` is there.",
  ),
  url: z.string().optional().describe("A page that the agent asks a person to visit; http or https."),
  expires_at: z.string().optional().describe(
    "ISO 8601. The question is answered with `cancel` then unless somebody answers.",
  ),
  agent_goes_on: z.boolean().optional().describe("The agent does not wait for the answer."),
});
export type Question = z.infer<typeof Question>;

/** `decline`: the agent goes on without an answer. `cancel`: the question itself is put off. */
export const QuestionAction = z.enum(["accept", "decline", "cancel"]);
export type QuestionAction = z.infer<typeof QuestionAction>;

/** The values of the form's fields. */
export const AnswerContent = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
);
export type AnswerContent = z.infer<typeof AnswerContent>;

export interface QuestionAnswer {
  action: QuestionAction;
  /** With `accept`. */
  content?: AnswerContent;
}
