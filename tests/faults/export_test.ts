/** Export and import: what a server answers is the same before and after; what is no whole export changes nothing. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock as clock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { removeExpired } from "../../src/engine/retention.ts";
import { UsageReports } from "../../src/engine/usage_reports.ts";
import { TaskIndex } from "../../src/read/task_index.ts";
import { identify, knownIds } from "../../src/store/identity.ts";
import { exportLines } from "../../src/store/export.ts";
import type { ExportLine } from "../../src/store/export_lines.ts";
import { importLines } from "../../src/store/import.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { TestServer, withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";
import { run } from "./fixtures/commands.ts";

const config = {
  limits: { enabled: false },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
};

const task = (id: string, prompt: string) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "high", description: id, execution: { prompt } },
});

/** All that the API shows of tasks, their results, schedules, and of the log lines of agents. */
async function answers(server: TestServer): Promise<unknown> {
  const ask = async (message: Message) => (await server.post(message)).reply as Message;
  const { tasks } = await ask({ type: "list_tasks", limit: 1000 });
  const results = [];
  for (const { id } of tasks as Message[]) {
    results.push((await ask({ type: "get_task_result", task_id: id })).result);
  }
  const { schedules } = await ask({ type: "list_schedules" });
  const { data } = await ask({ type: "request_log_entries", limit: 1000 });
  const printed = (data as { entries: Message[] }).entries.filter(({ source }) => source === "stdout");
  return { tasks, results, schedules, printed };
}

async function tree(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || name === "server.lock") continue;
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${folder}/${name}`));
    files.set(name, new Uint8Array(digest).toHex?.() ?? String(new Uint8Array(digest)));
  }
  return files;
}

Deno.test("an export of a running server, imported elsewhere, gives the same answers", async () => {
  await withServer({ config }, async (server) => {
    await server.post(task("prints", "echo one; echo 'zwei – ✓'; printf '%s' \"$(seq 1 300)\""));
    await server.post(task("fails", "echo no; exit 3"));
    await server.post({
      type: "schedule_task",
      task: {
        id: "nightly",
        type: "maintenance",
        priority: "low",
        description: "tidy",
        scheduled_time: new Date(Date.now() + 86_400_000).toISOString(),
        recurring: { interval: "daily" },
        execution: { prompt: "true" },
      },
    });
    await until(async () => {
      const { reply } = await server.post({ type: "list_tasks" });
      return (reply.tasks as Message[]).every(({ status }) => status === "completed" || status === "failed");
    });
    const file = `${server.dir}/all.jsonl`;
    const exported = await run(server, "export", file, "--data", server.data, "--json");
    assert.equal(exported.code, 0, exported.stderr);
    assert.deepEqual([JSON.parse(exported.stdout).tasks, JSON.parse(exported.stdout).schedules], [2, 1]);
    const wanted = await answers(server);
    const text = await Deno.readTextFile(file);
    const piped = await run(server, "export", "--data", server.data);
    assert.equal(piped.stdout.split("\n").length >= text.split("\n").length, true);

    const other = new TestServer(await Deno.makeTempDir({ dir: server.dir }), { config }, {});
    const refused = async (content: string, message: RegExp) => {
      await Deno.writeTextFile(`${server.dir}/bad.jsonl`, content);
      const { code, stderr } = await run(server, "import", `${server.dir}/bad.jsonl`, "--data", other.data);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.deepEqual([...(await tree(other.data)).keys()], []);
    };
    const lines = text.trimEnd().split("\n");
    await refused(lines.slice(0, -1).join("\n"), /it is cut short\); nothing was imported/);
    await refused([...lines.slice(0, 3), ...lines.slice(4)].join("\n"), /counts other lines than there are/);
    await refused("dear reader\n", /line 1/);
    await refused(text.replace('"version":3', '"version":4'), /a newer opencode-agents wrote it/);
    await refused(text.replace('"status":"failed"', '"status":"lost"'), /line \d+: state\.status/);

    const imported = await run(server, "import", file, "--data", other.data, "--json");
    assert.equal(imported.code, 0, imported.stderr);
    try {
      await other.start();
      assert.deepEqual(await answers(other), wanted);
      const inUse = await run(server, "import", file, "--data", other.data, "--merge");
      assert.match(inUse.stderr, /in use by another server/);
      await other.post(task("more", "true"));
      await until(async () => {
        const { reply } = await other.post({ type: "get_task_status", task_id: "more" });
        return (reply.task as Message).status === "completed";
      });
    } finally {
      await other.stop("SIGTERM");
    }
    const before = await tree(other.data);
    const again = await run(server, "import", file, "--data", other.data);
    assert.match(again.stderr, /has a store already; --merge adds to it/);
    assert.deepEqual(await tree(other.data), before);

    // Into the first one, which has all but one of them.
    assert.equal((await run(server, "export", `${server.dir}/two.jsonl`, "--data", other.data)).code, 0);
    await server.stop("SIGTERM");
    const merged = await run(
      server,
      "import",
      `${server.dir}/two.jsonl`,
      "--data",
      server.data,
      "--merge",
      "--json",
    );
    assert.equal(merged.code, 0, merged.stderr);
    const report = JSON.parse(merged.stdout);
    assert.deepEqual(report.skipped, { schedules: ["nightly"], tasks: ["fails", "prints"] });
    assert.deepEqual([report.imported.tasks, report.imported.messages, report.tasks], [1, 1, 3]);
    assert.ok(report.log_entries_skipped > 0 && (await Deno.stat(report.kept)).isFile);
  });
});

const time = fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const taskLine = fc.record({
  kind: fc.constant("task" as const),
  id,
  spec: fc.record({
    type: fc.constantFrom("testing", "analysis"),
    priority: fc.constantFrom("low", "critical"),
    description: fc.string({ unit: "binary", minLength: 1, maxLength: 100 }),
    metadata: fc.dictionary(id, fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean())),
    created_at: time,
    order: fc.nat(),
  }),
  state: fc.record({
    status: fc.constantFrom("queued", "running", "failed"),
    progress: fc.nat(100),
    retry_count: fc.nat(),
    attempt: fc.nat(),
    automatic_attempts: fc.nat(),
    attempts: fc.array(fc.record({ attempt: fc.nat(), agent: id, started_at: time }), { maxLength: 3 }),
    of_a_later_version: fc.string(),
  }),
});
const messageLine = fc.record({
  kind: fc.constant("message" as const),
  task_id: id,
  number: fc.integer({ min: 2, max: 2000 }),
  text: fc.oneof(fc.string({ unit: "binary" }), fc.constant("ü".repeat(100_000))),
}).chain((line) =>
  fc.constantFrom("user" as const, "agent" as const).map((role) => {
    const text = role === "agent" ? line.text.slice(0, 1000) : line.text;
    const parts = role === "agent"
      ? undefined
      : Math.max(1, Math.ceil(new TextEncoder().encode(text).length / 60_000));
    const message = {
      ...{ role, source: "message", turn: 1, attempt: 1, at: "2026-01-01T00:00:00.000Z", state: "delivered" },
      ...parts === undefined ? {} : { parts },
    };
    return { ...line, text, message };
  })
);
const reviewLine = fc.record({
  kind: fc.constant("review" as const),
  task_id: id,
  comments: fc.array(
    fc.record({
      path: fc.string({ unit: "grapheme", minLength: 1 }),
      line: fc.integer({ min: 1, max: 1_000_000 }),
      text: fc.string({ minLength: 1, maxLength: 3000 }),
    }),
    { minLength: 1, maxLength: 60 },
  ),
  viewed: fc.array(fc.stringMatching(/^[a-z]{16}$/), { maxLength: 5 }),
});
const outputLine = fc.record({
  kind: fc.constant("output" as const),
  task_id: id,
  attempt: fc.integer({ min: 1, max: 1e6 }),
  result: fc.record({ output: fc.string({ unit: "grapheme", maxLength: 3000 }), exit_code: fc.nat(255) }),
});
const usageLine = fc.record({
  kind: fc.constant("usage" as const),
  day: time.map((iso) => iso.slice(0, 10)),
  rows: fc.array(
    fc.record({
      agent: id,
      model: id,
      type: fc.constant("testing"),
      owner: fc.string({ unit: "grapheme" }),
      tasks: fc.nat(),
      turns: fc.nat(),
      input_tokens: fc.nat(),
      output_tokens: fc.nat(),
      cached_tokens: fc.nat(),
      cost_usd: fc.nat(),
      cost_source: fc.constantFrom("reported", "mixed"),
      duration_ms: fc.nat(),
    }),
    { minLength: 1, maxLength: 500 },
  ),
});
const entry = fc.record({
  level: fc.constantFrom("debug", "fatal"),
  message: fc.string({ unit: "grapheme", maxLength: 2000 }),
  agent: id,
  source: id,
  details: fc.dictionary(id, fc.string({ unit: "grapheme" }), { maxKeys: 3 }),
  context: fc.constant({}),
});

Deno.test("any records survive an import and an export", async () => {
  const content = fc.tuple(
    fc.uniqueArray(taskLine, { selector: (line) => line.id, maxLength: 20 }),
    fc.uniqueArray(outputLine, { selector: (line) => `${line.task_id} ${line.attempt}`, maxLength: 10 }),
    fc.uniqueArray(messageLine, { selector: (line) => `${line.task_id} ${line.number}`, maxLength: 10 }),
    fc.uniqueArray(reviewLine, { selector: (line) => line.task_id, maxLength: 4 }),
    fc.uniqueArray(usageLine, { selector: ({ day }) => day, maxLength: 4 }),
    fc.array(entry, { maxLength: 100 }),
    fc.array(time, { minLength: 100, maxLength: 100 }),
  );
  await fc.assert(
    fc.asyncProperty(content, async ([tasks, outputs, messages, reviews, usage, entries, times]) => {
      times.sort();
      const logs = entries.map((one, i) => ({ kind: "log", entry: { time: times[i], ...one } }));
      const lines = [
        { kind: "opencode-agents-export", version: 1, exported_at: "2026-01-01T00:00:00.000Z" },
        ...tasks,
        ...outputs,
        ...messages,
        ...reviews,
        ...usage,
        ...logs,
        {
          kind: "end",
          schedules: 0,
          tasks: tasks.length,
          outputs: outputs.length,
          messages: messages.length,
          reviews: reviews.length,
          usage_days: usage.length,
          log_entries: logs.length,
        },
      ];
      const kv = new MemoryKeyValue();
      const store = await loadStore(kv, clock);
      await importLines(store, kv, each(lines));
      const got: ExportLine[] = [];
      await exportLines(kv, (line) => void got.push(line), true);
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
      const of = (kind: string, from: { kind: string }[]) =>
        plain(from.filter((line) => line.kind === kind)).map((line: unknown) => JSON.stringify(line)).sort();
      for (const kind of ["task", "output", "message", "review", "usage", "end"]) {
        assert.deepEqual(
          of(kind, got).map((l: string) => JSON.parse(l)),
          of(kind, lines).map((l: string) => JSON.parse(l)),
        );
      }
      assert.deepEqual(plain(got.filter((line) => line.kind === "log")), plain(logs));
    }),
    { numRuns: 30 },
  );
});

Deno.test("a record from outside that no client could have stored is refused, with its line, and nothing is imported", async () => {
  const task = (spec: object, state: object = {}) => ({
    kind: "task",
    id: "one",
    spec: {
      ...{
        type: "testing",
        priority: "high",
        description: "x",
        created_at: "2026-01-01T00:00:00.000Z",
        order: 1,
      },
      ...spec,
    },
    state: {
      ...{
        status: "completed",
        progress: 100,
        retry_count: 0,
        attempt: 0,
        automatic_attempts: 0,
        attempts: [],
      },
      ...state,
    },
  });
  const cases: [string, object][] = [
    ["spec.priority", task({ priority: "urgent" })],
    ["spec.description", task({ description: "" })],
    ["spec.timeout", task({ timeout: -1 })],
    ["spec.execution.max_attempts", task({ execution: { max_attempts: 1e9 } })],
    ["spec.execution.prompt", task({ execution: { prompt: "x".repeat(70_000) } })],
    ["spec.execution.env", task({ execution: { env: { "NOT A NAME": "x" } } })],
    ["spec.execution.env", task({ execution: { env: { NODE_OPTIONS: "--require /tmp/x.js" } } })],
    ["spec.execution.env", task({ execution: { agent: "x", env: { GIT_SSH_COMMAND: "***" } } })],
    ["spec.dependencies", task({ dependencies: ["../x"] })],
    ["state.progress", task({}, { progress: 101 })],
    ["state.status", task({}, { status: "done" })],
  ];
  for (const [field, line] of cases) {
    const kv = new MemoryKeyValue();
    const store = await loadStore(kv, clock);
    const lines = [
      { kind: "opencode-agents-export", version: 2, exported_at: "2026-01-01T00:00:00.000Z" },
      line,
      { kind: "end", schedules: 0, tasks: 1, outputs: 0, log_entries: 0 },
    ];
    await assert.rejects(importLines(store, kv, each(lines)), (error: ApiError) => {
      assert.equal(error.code, "INVALID_FIELD_FORMAT", field);
      assert.equal(error.details.line, 2);
      assert.ok(String(error.details.reason).startsWith(field), `${field}: ${error.details.reason}`);
      return true;
    });
    assert.equal(store.tasks.size, 0);
    await store.close();
  }
});

Deno.test("an import takes the variables that the configuration lets the task's agent set, and no other agent's", async () => {
  const record = (agent?: string) => ({
    kind: "task",
    id: "one",
    spec: {
      type: "testing",
      priority: "high",
      description: "x",
      created_at: "2026-01-01T00:00:00.000Z",
      order: 1,
      execution: { agent, env: { NODE_OPTIONS: "--enable-source-maps" } },
    },
    state: {
      status: "completed",
      progress: 100,
      retry_count: 0,
      attempt: 0,
      automatic_attempts: 0,
      attempts: [],
    },
  });
  const imported = async (agent?: string) => {
    const kv = new MemoryKeyValue();
    const store = await loadStore(kv, clock);
    const lines = [
      { kind: "opencode-agents-export", version: 2, exported_at: "2026-01-01T00:00:00.000Z" },
      record(agent),
      { kind: "end", schedules: 0, tasks: 1, outputs: 0, log_entries: 0 },
    ];
    const allowed = (name?: string) => name === undefined || name === "node" ? ["NODE_*"] : [];
    try {
      return (await importLines(store, kv, each(lines), allowed)).imported.tasks;
    } finally {
      await store.close();
    }
  };
  assert.equal(await imported("node"), 1);
  assert.equal(await imported(), 1);
  await assert.rejects(imported("other"), /may not set NODE_OPTIONS/);
});

async function* each(lines: unknown[]): AsyncGenerator<string> {
  for (const line of lines) yield await Promise.resolve(JSON.stringify(line));
}

/** A store in memory, and what belongs to moving its data. */
async function usedStore() {
  const kv = new MemoryKeyValue();
  const store = await loadStore(kv, clock);
  const entry = (day: string) => ({
    day,
    agent: "a",
    turns: 1,
    input_tokens: 10,
    output_tokens: 0,
    cached_tokens: 0,
    cost_usd: 1,
    cost_source: "reported" as const,
    duration_ms: 1,
  });
  const lines = (id: string, ...days: string[]) => ({
    kind: "task" as const,
    id,
    spec: { type: "testing", priority: "low", description: id, created_at: `${DAY}T00:00:00.000Z`, order: 1 },
    state: {
      status: "completed",
      progress: 100,
      retry_count: 0,
      attempt: 0,
      automatic_attempts: 0,
      attempts: [],
      completed_at: `${DAY}T00:00:00.000Z`,
      used: days.map(entry),
    },
  });
  const index = () => new TaskIndex(store.tasks, store.changes);
  return {
    store,
    /** Has a task that used a dollar on each of the days. */
    async works(id: string, ...days: string[]): Promise<void> {
      const header = { kind: "opencode-agents-export", version: 3, exported_at: `${DAY}T00:00:00.000Z` };
      const counts = { schedules: 0, tasks: 1, outputs: 0, log_entries: 0 };
      const store_id = crypto.randomUUID();
      await importLines(
        store,
        kv,
        each([{ ...header, store_id }, lines(id, ...days), { kind: "end", ...counts }]),
      );
    },
    async exports(): Promise<object[]> {
      const id = await identify(kv);
      const header = { kind: "opencode-agents-export", version: 3, exported_at: `${DAY}T00:00:00.000Z` };
      const all: object[] = [{ ...header, store_id: id, earlier_ids: (await knownIds(kv)).slice(0, -1) }];
      await exportLines(kv, (line) => void all.push(line), true);
      return all;
    },
    takes: (all: object[]) => importLines(store, kv, each(all)),
    /** All finished tasks are removed, and their usage is summed by day. */
    tidies: () =>
      removeExpired({
        clock,
        store,
        index: index(),
        retention_ms: 0,
        max_finished: 1000,
        log_retention: { retention_days: 1000, max_bytes: 1 << 30 },
      }),
    /** Dollars by day, of tasks and of sums. */
    async costs(): Promise<Record<string, number>> {
      const settings = { projectOf: () => undefined, timezone: "UTC" };
      const { rows } = await new UsageReports({ clock, index: index(), store, settings }).report({
        group_by: ["day"],
      });
      return Object.fromEntries(rows.map(({ day, cost_usd }) => [day, cost_usd]));
    },
  };
}

const DAY = "2026-01-01";
const NEXT = "2026-01-02";

Deno.test("a merge counts no use twice: of a task that the store has removed since the export", async () => {
  const one = await usedStore();
  await one.works("t", DAY, NEXT);
  const exported = await one.exports();
  await one.tidies();
  const wanted = { [DAY]: 1, [NEXT]: 1 };
  assert.deepEqual(await one.costs(), wanted);
  const report = await one.takes(exported);
  assert.deepEqual([report.imported.tasks, report.usage_left_out], [1, ["t"]]);
  assert.deepEqual(await one.costs(), wanted);
});

Deno.test("a merge counts no use twice: of a task that is in the export's sums, and still there", async () => {
  const one = await usedStore();
  await one.works("t", DAY);
  const other = await usedStore();
  await other.takes(await one.exports());
  await one.tidies();
  const report = await other.takes(await one.exports());
  assert.equal(report.usage_days_skipped, 1);
  assert.deepEqual(await other.costs(), { [DAY]: 1 });
  // What it cannot have yet is taken.
  await one.works("later", NEXT);
  await one.tidies();
  await other.takes(await one.exports());
  assert.deepEqual(await other.costs(), { [DAY]: 1, [NEXT]: 1 });
});

Deno.test("a merge adds the use of another store, once however often it is merged", async () => {
  const [one, other] = [await usedStore(), await usedStore()];
  await one.works("a", DAY);
  await one.tidies();
  await other.works("b", DAY);
  await other.works("c", DAY);
  await other.tidies();
  await other.works("d", DAY);
  const exported = await other.exports();
  await one.takes(exported);
  assert.deepEqual(await one.costs(), { [DAY]: 4 });
  const report = await one.takes(exported);
  assert.deepEqual([report.skipped.tasks, report.usage_days_skipped], [["d"], 1]);
  await one.tidies();
  await one.takes(exported);
  assert.deepEqual(await one.costs(), { [DAY]: 4 });
});

Deno.test("a merge counts no use twice: of an export that does not say from which store it is", async () => {
  const one = await usedStore();
  await one.works("t", DAY);
  const [header, ...lines] = await one.exports();
  await one.tidies();
  await one.takes([{ ...header, store_id: undefined, earlier_ids: undefined }, ...lines]);
  assert.deepEqual(await one.costs(), { [DAY]: 1 });
});
