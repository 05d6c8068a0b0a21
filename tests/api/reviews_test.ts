/** The review of a task's changes: what has changed, comments that are kept and sent, and what the agent is told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ChangedFile } from "../../src/domain/task_changes.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { Repository } from "../fixtures/repository.ts";
import { SCRIPTED, TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const LINES = Array.from({ length: 12 }, (_, i) => `line ${i + 1}\n`).join("");

class Reviewed {
  constructor(readonly app: TestApp, readonly socket: TestSocket, readonly repository: Repository) {}

  async start(id: string, prompt: string, execution: Fields = {}): Promise<void> {
    const task = { id, type: "feature", priority: "medium", description: `Do ${id}` };
    const working_dir = this.repository.path;
    const { type, ...reply } = await this.socket.request({
      type: "start_task",
      task: { ...task, execution: { prompt, isolation: "worktree", working_dir, ...execution } },
    });
    assert.equal(type, "task_started", JSON.stringify(reply));
  }

  /** Waits until the task has this status for the n-th time, and returns it. */
  async becomes(task_id: string, status: string, n = 1): Promise<Fields> {
    const isIt = (m: Message) =>
      m.type === "task_status_update" && m.task_id === task_id && m.new_status === status;
    await this.socket.next(() => this.socket.messages.filter(isIt).length >= n);
    return await this.task(task_id);
  }

  /** Waits until the n-th attempt of the task is at work. */
  async started(task_id: string, n = 1): Promise<void> {
    await until(() => this.app.agents.runs.filter(({ request }) => request.task.id === task_id).length >= n);
  }

  async task(task_id: string): Promise<Fields> {
    return (await this.socket.request({ type: "get_task_status", task_id })).task as Fields;
  }

  /** A file in the folder in which the task works. Undefined removes it. */
  async write(task_id: string, files: Record<string, string | undefined>): Promise<void> {
    const { path } = (await this.task(task_id)).workspace as { path: string };
    for (const [name, content] of Object.entries(files)) {
      if (content === undefined) await Deno.remove(join(path, name));
      else await Deno.writeTextFile(join(path, name), content);
    }
  }

  async ask(type: string, task_id: string, more: Fields = {}): Promise<Fields> {
    return await this.socket.request({ type, task_id, ...more }) as Fields;
  }

  async files(task_id: string, more: Fields = {}): Promise<string[]> {
    const reply = await this.ask("get_task_changes", task_id, more);
    assert.equal(reply.type, "task_changes", JSON.stringify(reply));
    return (reply.files as ChangedFile[]).map((file) =>
      `${file.path} ${file.status} +${file.additions}-${file.deletions}`
    );
  }

  /** The message of the task's last turn. */
  async told(task_id: string): Promise<Fields> {
    const { messages } = await this.ask("get_conversation", task_id);
    return (messages as Fields[]).findLast(({ role }) => role === "user")!;
  }
}

async function reviewing(test: (all: Reviewed) => Promise<void>, tasks: Fields = {}): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-reviews-" }));
  const repository = await Repository.create(join(folder, "repository"), { "a.txt": LINES, "b.txt": "b\n" });
  const config = {
    limits: { enabled: false },
    agents: { talks: TALKATIVE, command: SCRIPTED },
    tasks: { default_agent: "talks", allowed_dirs: [folder], ...tasks },
  };
  try {
    await withApp({ config }, async (app) => {
      const socket = await app.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["conversations", "task_status"] });
      await test(new Reviewed(app, socket, repository));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const refusalOf = ({ code, details }: Fields) => [code, (details as Fields | undefined)?.field];

Deno.test("changes are told while the task runs and after its end, with the same counts as the task's own", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; print begun; wait go; say done");
    await all.becomes("t", "running");
    await all.socket.next((m) => m.type === "task_changed" && (m.changed as string[]).includes("workspace"));
    await all.started("t");
    await all.write("t", { "a.txt": LINES.replace("line 3\n", "three\n"), "new.txt": "1\n2\n" });
    const running = await all.ask("get_task_changes", "t");
    assert.deepEqual([running.uncommitted, running.ahead, running.behind], [true, 0, 0]);
    assert.deepEqual(await all.files("t"), ["a.txt modified +1-1", "new.txt added +2-0"]);
    assert.deepEqual(await all.files("t", { path: "new.txt", patch: false }), ["new.txt added +2-0"]);
    all.app.agents.open("go");
    const task = await all.becomes("t", "completed");
    const ended = await all.ask("get_task_changes", "t");
    assert.deepEqual([ended.uncommitted, ended.ahead, ended.behind], [false, 1, 0]);
    assert.deepEqual(ended.conflicts, []);
    const { base_commit, head_commit, branch } = task.workspace as Fields;
    assert.deepEqual([ended.base_commit, ended.head_commit, ended.branch], [
      base_commit,
      head_commit,
      branch,
    ]);
    const { files, additions, deletions } = task.changes as Fields;
    assert.deepEqual(ended.totals, { files, additions, deletions });
    assert.equal(task.review, "to_review");
    // The base goes on in the same line.
    await all.repository.commit("theirs", { "a.txt": LINES.replace("line 3\n", "drei\n") });
    const later = await all.ask("get_task_changes", "t", { patch: false });
    assert.deepEqual([later.behind, later.conflicts], [1, ["a.txt"]]);
  }));

Deno.test("a review is one message with all comments; the task goes on, and what is new since then can be seen", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; wait one; say done");
    await all.becomes("t", "running");
    await all.started("t");
    await all.write("t", { "a.txt": LINES.replace("line 3\n", "three\n"), "b.txt": undefined });
    all.app.agents.open("one");
    const { workspace } = await all.becomes("t", "completed");
    const comments = [
      { path: "a.txt", line: 3, text: "A number, please" },
      { path: "a.txt", line: 11, end_line: 12, text: "And these?" },
      { path: "b.txt", line: 1, side: "old", text: "Why is it gone?" },
    ];
    const reply = await all.ask("review_task", "t", {
      verdict: "request_changes",
      message: "wait two; say better; exit 0",
      comments,
      head_commit: (workspace as Fields).head_commit,
    });
    assert.equal(reply.type, "task_reviewed", JSON.stringify(reply));
    assert.equal(reply.review, "changes_requested");
    const told = await all.told("t");
    assert.deepEqual([told.source, told.id, told.role], ["review", reply.message_id, "user"]);
    const text = told.text as string;
    assert.match(text, /^wait two; say better; exit 0\n\nThese are 3 review comments/);
    assert.match(text, /### 1\. `a\.txt`, line 3\n\n```\nthree\n```\n\nA number, please/);
    assert.match(text, /### 2\. `a\.txt`, lines 11-12\n\n```\nline 11\nline 12\n```\n\nAnd these\?/);
    assert.match(text, /### 3\. `b\.txt`, line 1 of the version before your changes\n\n```\nb\n```/);
    assert.doesNotMatch(text, /outdated/);
    await all.becomes("t", "running", 2);
    assert.equal((await all.task("t")).review, "changes_requested");
    assert.ok(
      all.socket.messages.some((m) =>
        m.type === "task_changed" && (m.changed as string[]).includes("review")
      ),
    );
    await all.started("t", 2);
    await all.write("t", { "a.txt": LINES.replace("line 3\n", "3\n"), "c.txt": "c\n" });
    const new_ones = ["a.txt modified +1-1", "c.txt added +1-0"];
    assert.deepEqual(await all.files("t", { since: "last_turn" }), new_ones);
    all.app.agents.open("two");
    assert.equal((await all.becomes("t", "completed", 2)).review, "to_review");
    assert.deepEqual(await all.files("t"), ["a.txt modified +1-1", "b.txt deleted +0-1", "c.txt added +1-0"]);
    assert.deepEqual(await all.files("t", { since: "last_turn" }), new_ones);
    assert.deepEqual(await all.files("t", { since: "last_review" }), new_ones);
    const { base_commit } = await all.ask("get_task_changes", "t", { since: "last_review" });
    assert.equal(base_commit, (workspace as Fields).head_commit);
  }));

Deno.test("what is kept of a review holds until its files and lines change", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; wait one; say done");
    await all.becomes("t", "running");
    await all.started("t");
    await all.write("t", { "a.txt": LINES.replace("line 3\n", "three\n"), "c.txt": "c\n" });
    all.app.agents.open("one");
    await all.becomes("t", "completed");
    const empty = await all.ask("get_review", "t");
    assert.deepEqual([empty.comments, empty.viewed], [[], []]);
    const { files, head_commit } = await all.ask("get_task_changes", "t") as {
      files: ChangedFile[];
      head_commit: string;
    };
    assert.equal(empty.head_commit, head_commit);
    const viewed = files.map(({ path, blob }) => ({ path, blob }));
    const comments = [
      { path: "a.txt", line: 3, text: "A number, please" },
      { path: "a.txt", line: 10, text: "Stays" },
      { path: "c.txt", line: 1, text: "Goes" },
    ];
    const saved = await all.ask("save_review", "t", { viewed });
    assert.equal(saved.type, "review_saved", JSON.stringify(saved));
    await all.ask("save_review", "t", { comments });
    const kept = comments.map((one) => ({ ...one, head_commit }));
    await all.app.restart();
    const socket = await all.app.connect();
    const again = new Reviewed(all.app, socket, all.repository);
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const whole = await again.ask("get_review", "t");
    assert.deepEqual([whole.comments, whole.viewed], [kept, viewed]);
    // Somebody works on in the folder, and the agent does.
    await again.write("t", { "a.txt": `zero\n${LINES.replace("line 3\n", "3\n")}` });
    const changed = await again.ask("get_review", "t");
    assert.deepEqual(changed.viewed, viewed.filter(({ path }) => path === "c.txt"));
    await again.ask("send_message", "t", { message: "wait two; say more" });
    await again.becomes("t", "running");
    await again.started("t", 2);
    await again.write("t", { "c.txt": undefined });
    again.app.agents.open("two");
    await again.becomes("t", "completed");
    const later = await again.ask("get_review", "t");
    assert.deepEqual(later.viewed, []);
    assert.deepEqual(
      later.comments,
      kept.map((one) => one.text === "Stays" ? one : { ...one, outdated: true }),
    );
    // Sent comments say which lines they were about, and are kept no more.
    const reply = await again.ask("review_task", "t", { verdict: "request_changes", comments: kept });
    assert.deepEqual(reply.comments, [
      { path: "a.txt", line: 3, outdated: true },
      { path: "a.txt", line: 11, end_line: 11 },
      { path: "c.txt", line: 1, outdated: true },
    ]);
    const text = (await again.told("t")).text as string;
    assert.match(text, /`a\.txt`, line 3\n\nThis comment is outdated: [^\n]* They were:\n\n```\nthree\n```/);
    assert.match(text, /`a\.txt`, line 11\n\n```\nline 10\n```\n\nStays/);
    assert.deepEqual((await again.ask("get_review", "t")).comments, []);
  }));

Deno.test("a review that cannot be sent is refused, and changes nothing", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; wait one; say done");
    await all.start("command", "print done", { agent: "command" });
    await all.becomes("t", "running");
    const review = (task_id: string, more: Fields) =>
      all.ask("review_task", task_id, { verdict: "request_changes", ...more });
    const running = await review("t", { message: "x" });
    assert.deepEqual(refusalOf(running), ["INVALID_FIELD_VALUE", "task_id"]);
    assert.equal((running.details as Fields).current_status, "running");
    await all.started("t");
    await all.write("t", { "a.txt": "one\n" });
    all.app.agents.open("one");
    await all.becomes("t", "completed");
    await all.becomes("command", "completed");
    const one = { path: "a.txt", line: 1, text: "x" };
    for (
      const [task_id, more, ...refusal] of [
        ["t", {}, "MISSING_REQUIRED_FIELD", "message"],
        ["t", { comments: [] }, "INVALID_FIELD_VALUE", "comments"],
        ["t", { message: " \n" }, "INVALID_FIELD_VALUE", "message"],
        ["t", { verdict: "approve", message: "x" }, "INVALID_FIELD_VALUE", "verdict"],
        ["t", { comments: [one, { ...one, path: "none" }] }, "INVALID_FIELD_VALUE", "comments[1].path"],
        ["t", { comments: [{ ...one, line: 2 }] }, "INVALID_FIELD_VALUE", "comments[0].line"],
        ["t", { comments: [{ ...one, end_line: 9 }] }, "INVALID_FIELD_VALUE", "comments[0].end_line"],
        ["t", { comments: [one], head_commit: "1".repeat(40) }, "INVALID_FIELD_VALUE", "head_commit"],
        ["t", { comments: [one], head_commit: "main" }, "INVALID_FIELD_FORMAT", "head_commit"],
        [
          "t",
          { comments: new Array(40).fill({ ...one, text: "é".repeat(2000) }) },
          "INVALID_FIELD_VALUE",
          "comments",
        ],
        ...["a\0b", "../a.txt", "/a.txt", "./a.txt", "a.txt/", "."].map((path) =>
          ["t", { comments: [{ ...one, path }] }, "INVALID_FIELD_VALUE", "comments[0].path"] as const
        ),
        ["t", { message: "x".repeat(131_073) }, "INVALID_FIELD_VALUE", "message"],
        ["command", { message: "x" }, "INVALID_FIELD_VALUE", "task_id"],
        ["none", { message: "x" }, "TASK_NOT_FOUND", undefined],
      ] as const
    ) {
      assert.deepEqual(refusalOf(await review(task_id, more)), refusal, JSON.stringify(more).slice(0, 200));
    }
    const { review: state, queued_messages } = await all.task("t");
    assert.deepEqual([state, queued_messages ?? 0], ["to_review", 0]);
    // The longest that is allowed reaches the agent whole.
    const longest = "x".repeat(131_071);
    assert.equal((await review("t", { message: `#${longest}` })).type, "task_reviewed");
    assert.equal((await all.told("t")).text, `#${longest}`);
  }));

Deno.test("what is kept of a review can be looked at, whatever file its comments name", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; wait one; say done");
    await all.started("t");
    await all.write("t", { "a.txt": "one\n" });
    all.app.agents.open("one");
    await all.becomes("t", "completed");
    const comments = ["a.txt", "a\0b", "../a.txt", "/a.txt"].map((path) => ({ path, line: 1, text: path }));
    await all.ask("save_review", "t", { comments });
    const { type, comments: kept } = await all.ask("get_review", "t") as { type: string; comments: Fields[] };
    assert.equal(type, "review");
    assert.deepEqual(kept.map(({ outdated }) => outdated), [undefined, true, true, true]);
  }));

Deno.test("a review that is withdrawn before the agent has it leaves the task as it was", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; wait one; say done");
    await all.started("t");
    await all.write("t", { "a.txt": "one\n" });
    all.app.agents.open("one");
    await all.becomes("t", "completed");
    await all.start("other", "wait go", { isolation: "none" });
    await all.started("other");
    const before = await all.task("t");
    assert.equal(before.review, "to_review");
    const [noted, other] = [1, 2].map((line) => ({ path: "a.txt", line: 1, text: `Comment ${line}` }));
    await all.ask("save_review", "t", { comments: [noted, other] });
    const comments = async () =>
      ((await all.ask("get_review", "t")).comments as Fields[]).map(({ text }) => text);
    const asked = { verdict: "request_changes", message: "exit 0", comments: [noted] };
    const sent = await all.ask("review_task", "t", asked);
    assert.deepEqual(await comments(), ["Comment 2"]);
    const { status, review } = await all.task("t");
    assert.deepEqual([status, review], ["queued", "changes_requested"]);
    await all.ask("withdraw_message", "t", { message_id: sent.message_id });
    assert.deepEqual(await all.task("t"), before);
    assert.deepEqual(await comments(), ["Comment 2", "Comment 1"]);
    const { base_commit } = await all.ask("get_task_changes", "t", { since: "last_review" });
    assert.equal(base_commit, (before.workspace as Fields).base_commit);
    assert.equal((await all.ask("accept_changes", "t")).type, "changes_accepted");
    all.app.agents.open("go");
  }, { max_concurrent: 1 }));

for (const judged of ["accept_changes", "discard_changes"]) {
  Deno.test(`after ${judged} the work can still be looked at; what follows is in one new worktree`, () =>
    reviewing(async (all) => {
      await all.start("t", "session s; wait one; say done");
      await all.started("t");
      await all.write("t", { "a.txt": `${LINES}more\n` });
      all.app.agents.open("one");
      await all.becomes("t", "completed");
      await all.ask("save_review", "t", { comments: [{ path: "a.txt", line: 13, text: "Kept" }] });
      await all.ask(judged, "t");
      assert.equal((await all.task("t")).workspace, undefined);
      for (const since of ["base", "last_turn"]) {
        assert.deepEqual(await all.files("t", { since }), ["a.txt modified +1-0"]);
      }
      const { comments } = await all.ask("get_review", "t") as { comments: Fields[] };
      assert.deepEqual(comments.map(({ text, outdated }) => [text, outdated]), [["Kept", undefined]]);

      await all.ask("send_message", "t", {
        message: "session s; attempt 2: hang; attempt 3: wait three; say more",
      });
      await all.started("t", 2);
      const { workspace, review, changes } = await all.task("t");
      assert.deepEqual([review, changes], ["none", undefined]);
      await all.write("t", { "b.txt": "half\n" });
      assert.deepEqual(await all.files("t"), ["b.txt modified +1-1"]);
      // Another attempt goes on where this one has begun.
      await all.app.restart();
      const socket = await all.app.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      const again = new Reviewed(all.app, socket, all.repository);
      await again.started("t", 3);
      const now = (await again.task("t")).workspace as Fields;
      assert.deepEqual([now.path, now.branch], [(workspace as Fields).path, (workspace as Fields).branch]);
      assert.deepEqual(await again.files("t"), ["b.txt modified +1-1"]);
      again.app.agents.open("three");
      assert.equal((await again.becomes("t", "completed")).review, "to_review");
    }));

  Deno.test(`after ${judged} a review makes the task go on`, () =>
    reviewing(async (all) => {
      await all.start("t", "session s; wait one; say done");
      await all.started("t");
      await all.write("t", { "a.txt": `${LINES}more\n` });
      all.app.agents.open("one");
      await all.becomes("t", "completed");
      await all.ask(judged, "t");
      const comments = [{ path: "a.txt", line: 13, text: "Less" }];
      const message = "session s; wait two; say better; exit 0";
      const reply = await all.ask("review_task", "t", { verdict: "request_changes", message, comments });
      assert.equal(reply.type, "task_reviewed", JSON.stringify(reply));
      assert.match((await all.told("t")).text as string, /line 13\n\n```\nmore\n```\n\nLess/);
      await all.started("t", 2);
      assert.equal((await all.task("t")).review, "changes_requested");
      await all.write("t", { "b.txt": "half\n" });
      assert.deepEqual(await all.files("t"), ["b.txt modified +1-1"]);
      all.app.agents.open("two");
      assert.equal((await all.becomes("t", "completed", 2)).review, "to_review");
    }));
}

Deno.test("names that git cannot be given are refused as such", () =>
  reviewing(async (all) => {
    await all.start("t", "session s; say done");
    await all.becomes("t", "completed");
    const refused = await all.ask("accept_changes", "t", { into: "ma\0in" });
    assert.deepEqual(refusalOf(refused), ["INVALID_FIELD_VALUE", "into"]);
    const execution = { isolation: "worktree", working_dir: all.repository.path, base: "ma\0in" };
    const task = { id: "u", type: "feature", priority: "medium", description: "u", execution };
    const based = await all.socket.request({ type: "start_task", task });
    assert.deepEqual(refusalOf(based), ["INVALID_FIELD_VALUE", "task.execution.base"]);
  }));
