/** The reason of a failure is found in what the program printed last. */
import assert from "node:assert/strict";
import { codeText, exitText } from "../../src/agents/reporting/exit_status.ts";
import { createLastWords, failureReason, type LastWords } from "../../src/agents/reporting/last_words.ts";

function wordsOf(text: string): LastWords {
  const words = createLastWords();
  for (const line of text.split("\n")) words.add(line);
  return words;
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
  ["panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/a.go:5 +0x1d", "panic: boom"],
  [
    "thread 'main' panicked at src/main.rs:2:5:\nthe len is 3 but the index is 7\nstack backtrace:\n" +
    "   0: rust_begin_unwind\n             at /rustc/9fc/library/std/src/panicking.rs:645:5\n" +
    "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
    "thread 'main' panicked at src/main.rs:2:5: … the len is 3 but the index is 7",
  ],
  [
    'Exception in thread "main" java.lang.IllegalStateException: no config\n\tat com.x.Main.main(Main.java:5)\n' +
    "Caused by: java.io.IOException: disk gone\n\tat com.x.Disk.open(Disk.java:7)\n\t... 1 more",
    'Exception in thread "main" java.lang.IllegalStateException: no config … Caused by: java.io.IOException: disk gone',
  ],
  [
    "Unhandled exception. System.InvalidOperationException: no db\n   at App.Main(String[] a) in /srv/App.cs:line 12",
    "Unhandled exception. System.InvalidOperationException: no db",
  ],
  ["a.rb:1:in 'f': boom (RuntimeError)\n\tfrom a.rb:5:in '<main>'", "a.rb:1:in 'f': boom (RuntimeError)"],
  [
    "PHP Fatal error:  Uncaught Exception: no\nStack trace:\n#0 {main}\n  thrown in /srv/a.php on line 3",
    "PHP Fatal error:  Uncaught Exception: no",
  ],
  [
    "error: Uncaught TypeError: ouch\nthrow new TypeError('ouch')\n      ^\n    at file:///srv/a.ts:1:7",
    "error: Uncaught TypeError: ouch",
  ],
  [
    "Error: ENOENT: no such file or directory, open '/x'\n    at open (node:fs:1:2) {\n  errno: -2,\n" +
    "  code: 'ENOENT',\n  syscall: 'open',\n  path: '/x'\n}",
    "Error: ENOENT: no such file or directory, open '/x'",
  ],
  [
    "grep: unrecognized option '--nope'\nUsage: grep [OPTION]... PATTERNS [FILE]...\n" +
    "Try 'grep --help' for more information.",
    "grep: unrecognized option '--nope'",
  ],
  ["bell\x07 and \0nothing", "bell and nothing"],
  ["404: Unauthorized", "404: Unauthorized"],
  ["12% of the requests failed", "12% of the requests failed"],
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
    "FAILED test_a.py::test_a - assert 1 == 2 … ===== 1 failed in 0.12s =====",
  ],
  ["disk is gone\n[####----] 50%\n[########] 100%\n42 %", "disk is gone"],
  ["╭──────╮\n│      │\n╰──────╯\n----\n100%|██████████|", ""],
];

Deno.test("last words: notices, stack frames and progress bars are not the reason", () => {
  for (const [printed, reason] of FAILURES) assert.equal(wordsOf(printed).reason(), reason);
});

Deno.test("last words: stdout is asked if stderr says only that something failed", () => {
  const reason = (stderr: string, stdout: string) => failureReason(wordsOf(stderr), wordsOf(stdout));
  const test_failed = "AssertionError: 1 is not 2";
  assert.equal(reason("npm notice\n", test_failed), test_failed);
  assert.equal(
    reason("error Command failed with exit code 1.\ninfo Visit https://x", test_failed),
    test_failed,
  );
  assert.equal(reason("no disk", test_failed), "no disk");
  assert.equal(reason("exit status 1", ""), "exit status 1");
  assert.equal(reason("npm notice", ""), "npm notice");
  assert.equal(reason("", ""), "");
});

Deno.test("last words: a line that has only begun counts until the next", () => {
  const words = wordsOf("starting");
  words.begin("Enter the code");
  words.begin("Enter the code: ");
  assert.equal(words.reason(), "Enter the code:");
  words.add("Enter the code: 42");
  assert.equal(words.reason(), "Enter the code: 42");
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
