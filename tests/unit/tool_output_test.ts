/** What a tool prints, as the log has it: as it comes, as a terminal shows it, nothing twice, and never too much. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ToolOutput } from "../../src/agents/acp/tool_output.ts";
import { outputOf } from "../../src/agents/acp/tool_printed.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

function printing(mayShow: (characters: number) => boolean = () => true) {
  const clock = new HandClock();
  const entries: { text: string; left_out: number }[] = [];
  const output = new ToolOutput({
    clock,
    mayShow,
    emit: (text, left_out) => Promise.resolve(void entries.push({ text, left_out })),
  });
  return { clock, entries, output, take: () => entries.splice(0).map(({ text }) => text) };
}

Deno.test("tool output: lines come together twice a second, an unfinished one too", async () => {
  const { clock, output, take } = printing();
  await output.add("one\ntwo\n");
  assert.deepEqual(take(), []);
  clock.pass(500);
  assert.deepEqual(take(), ["one\ntwo"]);
  await output.add("Go on? ");
  clock.pass(500);
  assert.deepEqual(take(), ["Go on? "]);
  await output.add("yes\nthree");
  await output.end();
  assert.deepEqual(take(), ["yes\nthree"]);
  assert.equal(output.lastLine, "three");
});

Deno.test("tool output: a line that is redrawn is shown in its last state, colors stay", async () => {
  const { clock, output, take } = printing();
  await output.add("10 %\r20 %\r");
  clock.pass(500);
  assert.deepEqual(take(), []);
  await output.add("100 %\n\x1b[31mred\x1b[0m\n");
  await output.end();
  assert.deepEqual(take(), ["100 %\n\x1b[31mred\x1b[0m"]);
});

Deno.test("tool output: the whole of it, told again and again, is shown once, even with its beginning cut off", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 400 }), { maxLength: 30 }),
      fc.nat({ max: 3000 }),
      async (sizes, kept) => {
        const { output, entries } = printing();
        let whole = "";
        let line = 0;
        for (const size of sizes) {
          for (const end = whole.length + size; whole.length < end;) {
            whole += `line ${line++} of the output\n`;
          }
          await output.replace(whole.length > kept + 1000 ? `...\n\n${whole.slice(-kept - 1000)}` : whole);
        }
        await output.end();
        assert.deepEqual(entries.map(({ text }) => text).join("\n"), whole.trimEnd());
      },
    ),
  );
});

Deno.test("tool output: of a flood the log has the beginning, a glimpse now and then, and the end, and says how much is missing", async () => {
  const { clock, output, entries } = printing();
  let printed = 0;
  const print = async (lines: number) => {
    const text = Array.from({ length: lines }, (_, i) => `line ${String(i).padStart(8, "0")} of very many\n`)
      .join("");
    printed += text.length;
    await output.add(text);
  };
  await print(100_000);
  const beginning = entries.length;
  assert.ok(beginning > 1 && entries[0]!.text.startsWith("line 00000000"));
  clock.pass(500);
  assert.equal(entries.length, beginning, "no more for now");
  for (let tenth = 0; tenth < 3; tenth++) {
    await print(10_000);
    clock.pass(10_000);
  }
  assert.equal(entries.length, beginning + 3);
  await print(10_000);
  await output.add("the very end");
  printed += "the very end".length;
  await output.end();
  const shown = entries.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(shown < 64 * 1024, `${shown}`);
  assert.ok(entries.at(-1)!.text.endsWith("the very end"));
  const missing = entries.reduce((sum, { left_out }) => sum + left_out, 0);
  // Line ends between entries are neither shown nor missing.
  assert.ok(Math.abs(printed - shown - missing) <= entries.length, `${printed} ${shown} ${missing}`);
});

Deno.test("tool output: where all calls together print too much, it waits, and its end is shown all the same", async () => {
  let isOpen = false;
  const { clock, output, take } = printing(() => isOpen);
  await output.add("one\n");
  clock.pass(1000);
  assert.deepEqual(take(), []);
  isOpen = true;
  clock.pass(1000);
  assert.deepEqual(take(), ["one"]);
  isOpen = false;
  await output.add("two\n");
  await output.end();
  assert.deepEqual(take(), ["two"]);
});

Deno.test("tool output: each agent's way of telling it is read", () => {
  const shown = (text: string) => [{ type: "content", content: { type: "text", text } }];
  const update = (fields: Record<string, unknown>) => ({ sessionUpdate: "tool_call_update", ...fields });
  const data = { terminal_id: "t", data: "x\n" };
  assert.deepEqual(outputOf(update({ _meta: { terminal_output_delta: data } }), undefined), { new: "x\n" });
  assert.deepEqual(outputOf(update({ _meta: { terminal_output: data } }), undefined), { whole: "x\n" });
  const whole = (fields: Record<string, unknown>, kind = "execute") => outputOf(update(fields), kind);
  assert.deepEqual(whole({ status: "in_progress", content: shown("a\nb\n") }), { whole: "a\nb\n" });
  assert.deepEqual(whole({ status: "completed", content: shown("```console\na\n```") }), { whole: "a" });
  assert.deepEqual(whole({ status: "completed", rawOutput: { output: "a" } }), { whole: "a" });
  assert.deepEqual(whole({ status: "completed", rawOutput: { stdout: "a" } }), { whole: "a" });
  assert.equal(whole({ content: shown("What it is for") }), undefined);
  assert.equal(whole({ status: "completed", content: shown("a file") }, "read"), undefined);
  assert.equal(whole({ status: "completed", content: [{ type: "terminal", terminalId: "t" }] }), undefined);
});
