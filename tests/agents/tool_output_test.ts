/** What the commands of agents print, in the log of their task. */
import assert from "node:assert/strict";
import { framesRequest, ran } from "./fixtures/acp_run.ts";
import type { Frame } from "./fixtures/frames_agent.ts";
import { type Bench, withSupervisor } from "./fixtures/harness.ts";

const call = (fields: Record<string, unknown>): Frame => ({
  update: { sessionUpdate: "tool_call_update", toolCallId: "c1", ...fields },
});
const begins: Frame = {
  update: {
    sessionUpdate: "tool_call",
    toolCallId: "c1",
    title: "make",
    kind: "execute",
    status: "in_progress",
    rawInput: { command: "make" },
  },
};
const shown = (text: string) => [{ type: "content", content: { type: "text", text } }];
const adds = (data: string) => call({ _meta: { terminal_output_delta: { terminal_id: "c1", data } } });
const done: Frame = { result: { stopReason: "end_turn" } };

/** The tool's entries; of those that it printed, the text. */
async function told(bench: Bench, profile: string, frames: Frame[]) {
  const run = await ran(bench, framesRequest(bench.folder, profile, [begins, ...frames, done]));
  const entries = run.all("log").filter(({ source }) => source === "tool");
  const isOutput = (entry: typeof entries[number]) => entry.details?.output === true;
  return {
    printed: entries.filter(isOutput).map(({ message }) => message).join("\n"),
    steps: entries.filter((entry) => !isOutput(entry)).map(({ message }) => message),
    last: entries.at(-1)!,
  };
}

Deno.test("tool output: Codex's pieces are put together, and the end is not told twice", () =>
  withSupervisor(async (bench) => {
    const pieces = [
      adds("cc ma"),
      adds("in.c\nld\n"),
      call({ status: "completed", rawOutput: { output: "cc main.c\nld\n" } }),
    ];
    const { printed, steps } = await told(bench, "codex", [
      pieces[0]!,
      pieces[1]!,
      call({ status: "completed" }),
    ]);
    assert.equal(printed, "cc main.c\nld");
    assert.deepEqual(steps, ["make", "make: completed"]);
    assert.equal((await told(bench, "codex", pieces)).printed, "cc main.c\nld");
  }));

Deno.test("tool output: OpenCode repeats all of it with each update, the log does not", () =>
  withSupervisor(async (bench) => {
    const texts = ["cc main.c\n", "cc main.c\nld\n", "cc main.c\nld\nstrip\n"];
    const updates = texts.map((text) =>
      call({ kind: "execute", status: "in_progress", content: shown(text) })
    );
    const end = call({ status: "completed", content: shown(texts[2]!), rawOutput: { output: texts[2] } });
    assert.equal((await told(bench, "opencode", [...updates, end])).printed, "cc main.c\nld\nstrip");
  }));

Deno.test("tool output: of a command that failed, the end names the last line that it printed", () =>
  withSupervisor(async (bench) => {
    const { steps, last } = await told(bench, "claude", [
      adds("cc main.c\nmain.c:1: error: no\n\n"),
      call({ status: "failed", content: [{ type: "terminal", terminalId: "c1" }] }),
    ]);
    assert.equal(steps.at(-1), "make: failed: main.c:1: error: no");
    assert.equal(last.level, "warn");
  }));

Deno.test("tool output: what a call has printed is kept if the turn ends before the call does", () =>
  withSupervisor(async (bench) => {
    assert.equal((await told(bench, "claude", [adds("half of it")])).printed, "half of it");
  }));

Deno.test("tool output: a flood costs the log little, and does not hold up the agent", () =>
  withSupervisor(async (bench) => {
    const flood = { ...adds(`${"x".repeat(100)}\n`.repeat(100)), times: 1000 };
    const frames = [flood, adds("the end\n"), call({ status: "completed" })];
    const { printed } = await told(bench, "codex", frames);
    assert.ok(printed.length < 64 * 1024, `${printed.length}`);
    assert.match(printed, /… \d{8} characters left out …\n/);
    assert.ok(printed.endsWith("the end"));
  }));
