/** The reason of a failure is found in what the program printed last. */
import assert from "node:assert/strict";
import { codeText, exitText } from "../../src/agents/reporting/exit_status.ts";
import { createLastWords } from "../../src/agents/reporting/last_words.ts";

function reasonOf(text: string): string {
  const words = createLastWords();
  for (const line of text.split("\n")) words.add(line);
  return words.reason();
}

/** What programs print when they fail, and the part of it that says why. */
const FAILURES: [printed: string, reason: string][] = [
  ["starting\nno such thing\n\n", "no such thing"],
  ["boom\nnpm notice\nnpm notice New minor version of npm available! 10.8.2 -> 11.0.0\nnpm notice", "boom"],
  [
    'npm error Missing script: "tset"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm run\n' +
    "npm error A complete log of this run can be found in: /home/ann/.npm/_logs/2026-debug-0.log",
    'npm error Missing script: "tset" … npm error   npm run',
  ],
  [
    "/srv/a.js:1\nthrow new Error('boom')\n^\n\nError: boom\n    at Object.<anonymous> (/srv/a.js:1:7)\n" +
    "    at node:internal/main:1:2\n\nNode.js v22.1.0",
    "Error: boom",
  ],
  ["panic: boom\n\ngoroutine 1 [running]:\nexit status 2", "panic: boom … exit status 2"],
  [
    "main.c:3: error: expected ';'\nmake: *** [Makefile:2: all] Error 1",
    "main.c:3: error: expected ';' … make: *** [Makefile:2: all] Error 1",
  ],
  ["\x1b[31mError:\x1b[0m it is \x1b[1mred\x1b[0m", "Error: it is red"],
  [
    "curl: (6) Could not resolve host: x\n  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0",
    "curl: (6) Could not resolve host: x",
  ],
  [
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: bad',
    "ValueError: bad",
  ],
  [
    "FAILED test_a.py::test_a - assert 1 == 2\n===== 1 failed in 0.12s =====",
    "===== 1 failed in 0.12s =====",
  ],
  ["disk is gone\n[####----] 50%\n[########] 100%\n42 %", "disk is gone"],
  ["╭──────╮\n│      │\n╰──────╯\n----\n100%|██████████|", ""],
];

Deno.test("last words: notices, stack frames and progress bars are not the reason", () => {
  for (const [printed, reason] of FAILURES) assert.equal(reasonOf(printed), reason);
});

Deno.test("last words: they stay short, however much is printed", () => {
  const words = createLastWords();
  for (let i = 0; i < 10_000; i++) words.add(`line ${i} ${"𝄞".repeat(5000)}`);
  assert.match(words.reason(), /^line 9999 𝄞+$/u);
  assert.ok(words.reason().length < 1000);
  words.add("npm notice");
  assert.equal(words.last(), "npm notice");
});

Deno.test("exit status: the signal is named, also if a shell passed it on as a code", () => {
  assert.equal(exitText({ code: 3, signal: null }), "Exit code 3");
  assert.equal(exitText({ code: 137, signal: "SIGKILL" }), "Killed by SIGKILL");
  assert.equal(exitText({ code: 137, signal: null }), "Exit code 137 (SIGKILL)");
  assert.deepEqual([143, 129, 128, 255].map(codeText), ["143 (SIGTERM)", "129 (SIGHUP)", "128", "255"]);
});
