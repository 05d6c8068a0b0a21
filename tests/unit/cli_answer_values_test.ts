import assert from "node:assert/strict";
import { answerContent, fieldLines } from "../../src/cli/answer_values.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { QuestionSchema } from "../../src/domain/question.ts";

const SCHEMA: QuestionSchema = {
  type: "object",
  properties: {
    store: {
      type: "string",
      title: "Store",
      oneOf: [{ const: "redis", title: "Redis, the cache" }, { const: "a=b", title: "Odd" }],
    },
    many: { type: "array", items: { enum: ["one", "two", "one, or two"] } },
    count: { type: "integer" },
    yes: { type: "boolean", description: "Really?" },
    note: { type: "string" },
  },
  required: ["store"],
};

for (
  const [words, content] of [
    [["redis"], { store: "redis" }],
    [["redis, THE cache"], { store: "redis" }],
    [["a=b"], { store: "a=b" }],
    [["store=a=b"], { store: "a=b" }],
    [["many=one,two"], { many: ["one", "two"] }],
    [["many=one", "many=one, or two"], { many: ["one", "one, or two"] }],
    [["count=3", "yes=no"], { count: 3, yes: false }],
    [["count=three", "yes=perhaps"], { count: "three", yes: "perhaps" }],
    [["note=a b\nc", "red"], { note: "a b\nc", store: "red" }],
    [[], {}],
  ] as [string[], Record<string, unknown>][]
) {
  Deno.test(`cli answer: ${JSON.stringify(words)}`, () => {
    assert.deepEqual(answerContent(SCHEMA, words), content);
  });
}

Deno.test("cli answer: an unknown field is refused where the first one is free text", () => {
  const schema: QuestionSchema = { type: "object", properties: { note: { type: "string" } } };
  assert.throws(() => answerContent(schema, ["nota=x"]), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.details.field, error.details.suggestion], ["content.nota", "note"]);
    return true;
  });
});

Deno.test("cli answer: the fields are shown with what they take", () => {
  assert.deepEqual(fieldLines({ schema: SCHEMA }), [
    "  store  Store  [redis | a=b]",
    "  many (optional)  [some of: one | two | one, or two]",
    "  count (optional)  [integer]",
    "  yes (optional)  Really?  [true or false]",
    "  note (optional)  [string]",
  ]);
  assert.deepEqual(fieldLines({ url: "https://example.com/\u001b[31m" }), ["  visit https://example.com/"]);
});
