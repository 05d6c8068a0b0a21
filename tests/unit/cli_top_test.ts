/** The board of `top`: what it shows in any size, what keys and pushes make of it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { afterPush, type Board, emptyBoard, ordered, withTasks } from "../../src/cli/top/board.ts";
import { afterKey, keysIn } from "../../src/cli/top/keys.ts";
import { LogTails } from "../../src/cli/top/log_tails.ts";
import { render, snapshot } from "../../src/cli/top/render.ts";
import { columns } from "../../src/cli/text.ts";
import type { LogEntry } from "../../src/domain/log_entry.ts";
import { type Task, TaskStatus } from "../../src/domain/task.ts";

const NOW = Date.parse("2026-01-01T12:00:00.000Z");
const at = (minute: number) => new Date(NOW - 3_600_000 + minute * 60_000).toISOString();

function task(id: string, status: TaskStatus, more: Partial<Task> = {}): Task {
  return {
    id,
    type: "feature",
    priority: "medium",
    description: `Do ${id}`,
    status,
    progress: 0,
    created_at: at(0),
    retry_count: 0,
    attempt: 1,
    ...more,
  };
}

const entry = (message: string, agent = "a"): LogEntry => ({
  time: at(1),
  level: "info",
  message,
  agent,
  source: "stdout",
  details: {},
  context: {},
});

const screen = (columns: number, rows: number) => ({
  columns,
  rows,
  now_ms: NOW,
  paint: (text: string) => text,
});

const asks = [{ permission_id: "p1", title: "Edit x", tool_call: {}, options: [], expires_at: at(61) }];

function board(...tasks: Task[]): Board {
  return withTasks(emptyBoard("http://127.0.0.1:8080"), tasks);
}

Deno.test("top: running tasks come first, then waiting ones, then ended ones with the latest first", () => {
  const shown = board(
    task("old", "completed", { completed_at: at(1) }),
    task("new", "failed", { completed_at: at(2) }),
    task("waits", "pending"),
    task("next", "queued"),
    task("held", "paused"),
    task("second", "running", { started_at: at(4) }),
    task("first", "running", { started_at: at(3) }),
  );
  assert.deepEqual(ordered(shown).map(({ id }) => id), [
    "first",
    "second",
    "held",
    "next",
    "waits",
    "new",
    "old",
  ]);
  assert.equal(shown.selected, "first");
});

Deno.test("top: a running task's bar, time, step and log are shown, the selected one is marked", () => {
  const running = task("build", "running", {
    started_at: at(59),
    progress: 40,
    progress_details: { current_step: "Write\nit" },
  });
  const shown = { ...board(running, task("next", "queued")), entries: [entry("one\ntwo"), entry("three")] };
  const lines = render(shown, screen(80, 16));
  assert.equal(lines[5], "> build running   ██░░  40% 1 min   Write it".padEnd(80));
  assert.match(lines[6]!, /^ {2}next {2}queued {4}░{4} {3}0% +Do next$/);
  const wide = render(shown, screen(120, 16));
  assert.equal(wide[5], "> build running   ████░░░░░░  40% 1 min       Write it".padEnd(120));
  assert.match(lines[7]!, /^── log of build ─+$/);
  const time = new Date(at(1)).toTimeString().slice(0, 8);
  assert.deepEqual(lines.slice(8, 11), [`${time} info  one`, "               two", `${time} info  three`]);
  assert.match(lines[15]!, /^↑↓ select .*q quit$/);
});

Deno.test("top: what many tasks wait for stands above; below the list the log is without what agents say of their insides", () => {
  const waits = (id: string, waiting_for: Task["waiting_for"]) => task(id, "queued", { waiting_for });
  const shown: Board = {
    ...board(
      waits("a", { kind: "budget", until: at(0) }),
      waits("b", { kind: "budget", until: at(0) }),
      waits("c", { kind: "budget" }),
      waits("d", { kind: "provider_limit", agent: "claude", until: at(1), reason: "Limit reached" }),
    ),
    entries: [{ ...entry("phase=modes"), level: "debug" }, entry("Write it")],
  };
  const lines = render(shown, screen(120, 16));
  assert.match(
    lines[3]!,
    /^the budget of the day is spent until \S+ {3}claude is held by its provider until \S+ *$/,
  );
  assert.ok(lines.some((line) => line.includes("Write it")));
  assert.ok(!lines.some((line) => line.includes("phase=modes")));
  assert.ok(render({ ...shown, page: "log" }, screen(120, 16)).some((line) => line.includes("phase=modes")));
});

Deno.test("top: ? shows the keys; at 80 columns, a long id leaves room for what its task is doing", () => {
  const running = task("a_task_with_a_name_of_many_words", "running", {
    started_at: at(0),
    progress_details: { current_step: "Write the tests of it all" },
  });
  const help = render({ ...board(running), page: "help" }, screen(80, 16));
  for (const key of ["c", "r", "p", "a, d", "q, Ctrl-C"]) {
    assert.ok(help.some((line) => line.startsWith(`  ${key.padEnd(12)}`)), key);
  }
  assert.match(render(board(running), screen(80, 16))[5]!, /1 h +Write the tests of it all *$/);
});

Deno.test("top: no screen size and no agent's text breaks the columns", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("日本語テスト", "👨‍👩‍👧🎉", "\x1b[31mred\x07", "a\tb\r\nc", "é́"),
  );
  const tasks = fc.array(
    fc.record({
      status: fc.constantFrom(...TaskStatus.options),
      words: text,
      progress: fc.integer({ min: 0, max: 100 }),
    }),
    { maxLength: 30 },
  );
  fc.assert(fc.property(
    tasks,
    fc.array(text, { maxLength: 30 }),
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 60 }),
    fc.constantFrom("board", "log", "help"),
    fc.boolean(),
    (made, messages, wide, high, page, confirming) => {
      const all = made.map(({ status, words, progress }, i) =>
        task(`task_${i}`, status, { description: words, progress, pending_permissions: i % 3 ? [] : asks })
      );
      const shown: Board = {
        ...board(...all),
        entries: messages.map((message) => entry(message)),
        page: page as Board["page"],
        ...(confirming ? { confirming: { type: "discard_changes", task_id: "task_0" } } : {}),
      };
      const lines = render(shown, screen(wide, high));
      assert.equal(lines.length, high);
      for (const line of lines) {
        assert.ok(columns(line) <= wide, `${columns(line)} > ${wide}: ${JSON.stringify(line)}`);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(line, /[\x00-\x1f\x7f]/);
      }
    },
  ));
});

Deno.test("top: the selected task is on the screen however many there are", () => {
  const many = Array.from({ length: 100 }, (_, i) => task(`task_${String(i).padStart(3, "0")}`, "queued"));
  let shown = board(...many);
  for (const key of ["G", "page up", "g", "page down", "down"]) {
    shown = afterKey(shown, key).board;
    const marked = render(shown, screen(80, 24)).filter((line) => line.startsWith("> "));
    assert.equal(marked.length, 1, key);
    assert.ok(marked[0]!.includes(shown.selected!), key);
  }
  assert.equal(shown.selected, "task_011");
});

Deno.test("top: in a pipe, ids and descriptions are not cut", () => {
  const id = "x".repeat(100);
  const lines = snapshot(
    board(task(id, "queued", { description: "y".repeat(500) })),
    screen(Infinity, Infinity),
  );
  assert.ok(lines.at(-1)!.startsWith(`${id} queued`));
  assert.ok(lines.at(-1)!.endsWith("y".repeat(500)));
});

Deno.test("top: a terminal's bytes are read as keys; unknown sequences are ignored", () => {
  assert.deepEqual(keysIn("j\x1b[A\x1bOBk\r\x03é\x1b[1;5C\x1b[5~"), [
    "j",
    "up",
    "down",
    "k",
    "enter",
    "quit",
    "é",
    "page up",
  ]);
  assert.deepEqual(keysIn("\x1b"), ["escape"]);
});

Deno.test("top: keys act on the selected task; cancelling needs a confirmation", () => {
  const shown = board(
    task("a", "running"),
    task("b", "paused", { pending_permissions: asks }),
    task("c", "completed", {
      review: "to_review",
      changes: { files: 1, additions: 2, deletions: 0, commits: 1 },
    }),
    task("d", "running", {
      pending_questions: [{ question_id: "q", message: "Which?", expires_at: at(61) }],
    }),
  );
  assert.deepEqual(ordered(shown).map(({ id }) => id), ["b", "d", "c", "a"]);
  const press = (from: Board, ...keys: string[]) =>
    keys.reduce<ReturnType<typeof afterKey>>((last, key) => afterKey(last.board, key), { board: from });
  const act = (type: string, task_id: string) => ({ kind: "act", type, task_id });
  assert.deepEqual(press(shown, "c").effect, undefined);
  assert.deepEqual(press(shown, "c", "y").effect, act("cancel_task", "b"));
  for (const other of ["n", "j", "enter", "c"]) {
    const { board, effect } = press(shown, "c", other);
    assert.deepEqual([effect, board.confirming, board.notice, board.selected], [
      undefined,
      undefined,
      "nothing was done",
      "b",
    ]);
  }
  assert.deepEqual(press(shown, "r").effect, act("retry_task", "b"));
  assert.deepEqual(press(shown, "G", "p").effect, act("pause_task", "a"));
  assert.deepEqual(press(shown, "p").effect, act("resume_task", "b"));
  const answer = { kind: "answer", task_id: "b", permission_id: "p1" };
  assert.equal(press(shown, "a").effect, undefined);
  assert.deepEqual(press(shown, "a", "y").effect, { ...answer, decision: "allow" });
  assert.equal(press(shown, "a", "y").board.page, "board");
  assert.equal(press(shown, "a", "q").board.page, "board");
  assert.equal(press(shown, "a", "d", "escape").board.page, "request");
  assert.deepEqual(press(shown, "d", "enter").effect, { ...answer, decision: "deny" });
  assert.deepEqual(press(shown, "a", "n", "N", "o", "x", "\x7f", "enter").effect, {
    ...answer,
    decision: "deny",
    message: "No",
  });
  assert.match(press(shown, "G", "a").board.notice!, /asks for nothing/);
  assert.match(press(shown, "j", "a").board.notice!, /needs more than a key: .*answer d$/);
  const review = press(shown, "j", "j").board;
  assert.equal(press(review, "a").effect, undefined);
  assert.deepEqual(press(review, "a", "y").effect, act("accept_changes", "c"));
  assert.deepEqual(press(review, "d", "y").effect, act("discard_changes", "c"));
  assert.equal(press(review, "a", "n").effect, undefined);
  assert.match(render(review, screen(80, 16))[7]!, /REVIEW: 1 file \+2 −0: Do c/);
  assert.equal(press(shown, "enter").board.page, "log");
  assert.equal(press(shown, "enter", "q").board.page, "board");
  assert.equal(press(shown, "?").board.page, "help");
  for (const back of ["?", "q", "escape", "enter"]) {
    assert.equal(press(shown, "?", back).board.page, "board", back);
  }
  assert.equal(press(shown, "enter", "q").effect, undefined);
  assert.equal(press(shown, "q").effect!.kind, "quit");
  assert.equal(press(shown, "c", "quit").effect!.kind, "quit");
  for (const key of ["c", "r", "p", "a", "d", "enter", "j"]) {
    assert.equal(press(board(), key).effect, undefined);
  }
});

Deno.test("top: pushes change the tasks they name; an unknown task makes the list stale", () => {
  const before = board(task("a", "queued"));
  const timestamp = at(5);
  const change = { type: "task_status_update", task_id: "a", progress: 0, timestamp } as const;
  const started = afterPush(before, { ...change, old_status: "queued", new_status: "running" });
  assert.equal(started.stale, false);
  assert.equal(started.board.tasks.get("a")!.started_at, timestamp);
  const asked = afterPush(started.board, {
    type: "permission_request",
    task_id: "a",
    ...asks[0]!,
    timestamp,
  });
  assert.deepEqual(asked.board.tasks.get("a")!.pending_permissions, asks);
  const failed = afterPush(asked.board, {
    ...change,
    old_status: "running",
    new_status: "failed",
    error: "no",
  });
  const ended = failed.board.tasks.get("a")!;
  assert.deepEqual([ended.error, ended.completed_at, ended.pending_permissions], [
    "no",
    timestamp,
    undefined,
  ]);
  const again = afterPush(failed.board, { ...change, old_status: "failed", new_status: "queued" }).board.tasks
    .get("a")!;
  assert.deepEqual([again.error, again.completed_at], [undefined, undefined]);
  assert.equal(before.tasks.get("a")!.status, "queued");
  assert.deepEqual(
    afterPush(before, { ...change, task_id: "b", old_status: "pending", new_status: "queued" }),
    {
      board: before,
      stale: true,
    },
  );
  assert.equal(afterPush(before, { type: "resubscribed", timestamp }).stale, true);
});

Deno.test("top: a log's loaded and pushed entries are joined without repetition, and bounded", () => {
  const tails = new LogTails();
  tails.add(entry("nobody looks"));
  assert.equal(tails.of("a"), undefined);
  tails.begin("a");
  tails.add(entry("both"));
  tails.add(entry("after"));
  tails.complete("a", [entry("before"), entry("both")]);
  assert.deepEqual(tails.of("a")!.map(({ message }) => message), ["before", "both", "after"]);
  for (let i = 0; i < 10_000; i++) tails.add(entry(String(i)));
  assert.ok(tails.of("a")!.length <= 600);
  assert.equal(tails.of("a")!.at(-1)!.message, "9999");
  for (let i = 0; i < 50; i++) tails.begin(`task_${i}`);
  assert.equal(tails.of("a"), undefined);
});

Deno.test("top: a request is shown in full before it is allowed, with what always means", () => {
  const command = `npm test ${"x".repeat(100)} end`;
  const remembers = { agent: "acp", kind: "execute", command };
  const asked = { permission_id: "p1", title: "npm test", options: [] };
  const of = (request: object) =>
    afterKey(
      board(task("a", "running", {
        project: "shop",
        pending_permissions: [{ ...asked, tool_call: {}, ...request }],
      })),
      "a",
    ).board;
  const text = (from: ReturnType<typeof of>, rows = 16) => render(from, screen(80, rows)).join("\n");
  const execute = of({ tool_call: { kind: "execute", raw_input: { command, cwd: "/w" } }, remembers });
  const shown = text(execute);
  assert.ok(shown.replaceAll(/\s/g, "").includes(command.replaceAll(" ", "")), shown);
  assert.match(shown, /cwd: \/w/);
  assert.match(shown, /"Always" is exactly “npm test x+/);
  assert.match(shown, /y allow once {2}t always in this task {2}p always in project shop/);
  const answer = { kind: "answer", task_id: "a", permission_id: "p1", decision: "allow" };
  assert.deepEqual(afterKey(execute, "p").effect, { ...answer, remember: "project" });
  assert.deepEqual(afterKey(execute, "t").effect, { ...answer, remember: "task" });
  const lines = Array.from({ length: 40 }, (_, i) => `+line ${i}`);
  const patch = ["--- a/f", "+++ b/f", "@@ -0,0 +1,40 @@", ...lines].join("\n");
  let edit = of({ tool_call: { kind: "edit", diffs: [{ path: "f", added: 40, patch }] } });
  assert.match(text(edit), /\+line 0\n/);
  assert.match(text(edit), /more lines/);
  for (let i = 0; i < 9; i++) edit = afterKey(edit, "page down").board;
  assert.match(text(edit), /\+line 39\n/);
  // Without a way to know it again, there is no always.
  assert.equal(afterKey(edit, "t").effect, undefined);
  assert.doesNotMatch(text(edit), /always/);
  const gone = { ...edit, tasks: board(task("a", "running")).tasks };
  assert.match(text(gone), /answered meanwhile/);
  assert.equal(afterKey(gone, "y").effect, undefined);
});
