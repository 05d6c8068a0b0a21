/** What an agent that speaks ACP leaves unfinished on stdout is shown if it is no message. */
import assert from "node:assert/strict";
import { UnfinishedLine } from "../../src/agents/acp/unfinished_line.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

Deno.test("unfinished line: only what is no message, once it is quiet, once", () => {
  const clock = new HandClock();
  const shown: string[] = [];
  const line = new UnfinishedLine(clock, (text) => shown.push(text));
  const print = (text: string, then_ms: number) => {
    line.take(new TextEncoder().encode(text));
    clock.pass(then_ms);
  };
  print("Name", 999);
  print(": ", 999);
  assert.deepEqual(shown, []);
  clock.pass(1);
  print("...", 5000);
  assert.deepEqual(shown.splice(0), ["Name:"]);
  print(`\n{"jsonrpc":`, 5000);
  print(`"2.0"}\n  `, 5000);
  print("\nwhole\n", 5000);
  assert.deepEqual(shown, []);
  print("é".repeat(1000), 5000);
  assert.equal(shown.splice(0)[0], "é".repeat(250));
  print("\nlast", 500);
  line.end();
  clock.pass(5000);
  assert.deepEqual([shown, clock.timers], [[], 0]);
});
