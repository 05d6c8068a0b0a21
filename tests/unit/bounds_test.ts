/** Bounds count what they promise: UTF-8 bytes where bytes are meant, characters (code points) elsewhere. */
import assert from "node:assert/strict";
import { text } from "../../src/domain/scalars.ts";
import { NewTask } from "../../src/domain/task.ts";

const TASK = { id: "a", type: "testing", priority: "low", description: "d" };
const accepts = (fields: Record<string, unknown>) => NewTask.safeParse({ ...TASK, ...fields }).success;

/** As JSON, `{"text":"…"}` has 11 bytes besides the text. */
const METADATA_ROOM = 262_144 - 11;

const CASES: [what: string, fields: Record<string, unknown>, isAccepted: boolean][] = [
  ["metadata of just so many bytes", { metadata: { text: "x".repeat(METADATA_ROOM) } }, true],
  ["metadata of one byte more", { metadata: { text: "x".repeat(METADATA_ROOM + 1) } }, false],
  [
    "Chinese metadata within the bytes",
    { metadata: { text: "中".repeat(Math.floor(METADATA_ROOM / 3)) } },
    true,
  ],
  ["Chinese metadata beyond them", { metadata: { text: "中".repeat(262_000) } }, false],
  ["a prompt of just so many bytes", { execution: { prompt: "é".repeat(32_768) } }, true],
  ["a prompt of one byte more", { execution: { prompt: "é".repeat(32_768) + "x" } }, false],
  ["a description of 1,000 emoji", { description: "🎉".repeat(1000) }, true],
  ["a description of one more", { description: "🎉".repeat(1001) }, false],
  ["a tag of 50 emoji", { metadata: { tags: ["🎉".repeat(50)] } }, true],
  ["an agent's name of 100 emoji", { execution: { agent: "🎉".repeat(100) } }, true],
  ["an agent's name of one more", { execution: { agent: "🎉".repeat(101) } }, false],
  ["an empty agent's name", { execution: { agent: "" } }, false],
  ["a model of 200 emoji", { execution: { model: "🎉".repeat(200) } }, true],
  ["a model of one more", { execution: { model: "🎉".repeat(201) } }, false],
  ["a folder of 4,096 emoji", { execution: { working_dir: "🎉".repeat(4096) } }, true],
  ["a folder of one more", { execution: { working_dir: "🎉".repeat(4097) } }, false],
  ["a variable of 32,768 emoji", { execution: { env: { A: "🎉".repeat(32_768) } } }, true],
  ["a variable of one more", { execution: { env: { A: "🎉".repeat(32_769) } } }, false],
  ["an empty variable", { execution: { env: { A: "" } } }, true],
  ["a tag of one more", { metadata: { tags: ["🎉".repeat(51)] } }, false],
];

for (const [what, fields, isAccepted] of CASES) {
  Deno.test(`bounds: ${what} is ${isAccepted ? "accepted" : "refused"}`, () => {
    assert.equal(accepts(fields), isAccepted);
  });
}

Deno.test("bounds: an error names a lower bound only if there is one", () => {
  const expected = (min: number) => text(min, 3).safeParse("abcd").error?.issues[0]?.message;
  assert.deepEqual([expected(0), expected(1)], ["at most 3 characters", "1 to 3 characters"]);
});
