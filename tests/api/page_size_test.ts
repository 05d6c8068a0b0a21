/** Whatever is listed, a reply has a bounded size, and its pages together have everything. */
import assert from "node:assert/strict";
import { PAGE_BYTES } from "../../src/domain/page.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted", max_concurrent: 1 },
};
/** What a client can take that never changed its WebSocket library's limit. */
const USUAL_LIMIT = 1 << 20;

const sizeOf = (reply: unknown) => new TextEncoder().encode(JSON.stringify(reply)).length;

function start(app: TestApp, id: string, prompt: string, metadata: Fields = {}) {
  const task = { id, type: "testing", priority: "low", description: id, metadata, execution: { prompt } };
  return app.post({ type: "start_task", task });
}

Deno.test("a page of tasks ends at 8 MiB and goes on at its next offset; the full status fits into 1 MiB", () =>
  withApp({ config }, async (app) => {
    await start(app, "hold", "hang");
    const ids = Array.from({ length: 60 }, (_, i) => `t${String(i).padStart(2, "0")}`);
    for (const id of ids) await start(app, id, "print done", { notes: "é".repeat(100_000) });
    const found: unknown[] = [];
    let pages = 0;
    for (let offset: unknown = 0; offset !== undefined; pages++) {
      const { reply } = await app.post({ type: "list_tasks", limit: 1000, offset, sort: { field: "id" } });
      assert.ok(sizeOf(reply.tasks) <= PAGE_BYTES + 2 * ids.length);
      assert.equal(reply.filtered_count, 61);
      found.push(...(reply.tasks as Fields[]).map(({ id }) => id));
      offset = (reply.pagination as Fields).next_offset;
    }
    assert.deepEqual([pages, found], [2, ["hold", ...ids]]);

    const { reply } = await app.post({ type: "request_status" });
    const { tasks, total_tasks } = reply.data as { tasks: Fields[]; total_tasks: number };
    assert.ok(sizeOf(reply) < USUAL_LIMIT);
    assert.deepEqual([tasks.map(({ id }) => id), total_tasks], [["t59", "t58"], 61]);
  }));

Deno.test("a list shows 2 KiB of a prompt, a task's status all of it", () =>
  withApp({ config }, async (app) => {
    await start(app, "hold", "hang");
    const prompt = "€".repeat(5000);
    await start(app, "long", prompt);
    await start(app, "short", "print done");
    const { reply } = await app.post({ type: "list_tasks", sort: { field: "id" } });
    const prompts = (reply.tasks as { execution: Fields }[]).map(({ execution }) => execution.prompt);
    assert.deepEqual(prompts, ["hang", "€".repeat(682), "print done"]);
    const { reply: one } = await app.post({ type: "get_task_status", task_id: "long" });
    assert.equal((one.task as { execution: Fields }).execution.prompt, prompt);
  }));

Deno.test("a page of log entries ends at 8 MiB and goes on at its cursor", () =>
  withApp({ config }, async (app) => {
    await start(app, "long", "flood 200 58000");
    await until(async () => {
      const { reply } = await app.post({ type: "get_task_status", task_id: "long" });
      return (reply.task as Fields).status === "completed";
    });
    const ask = async (more: Fields) => {
      const filter = { agent: "long", message_contains: "0000" };
      const { reply } = await app.post({ type: "request_log_entries", limit: 1000, filter, ...more });
      return reply.data as { entries: Fields[]; filtered_count: number; pagination: Fields };
    };
    for (const order of ["asc", "desc"]) {
      let count = 0;
      let pages = 0;
      for (let more: Fields | undefined = { sort: { field: "time", order } }; more; pages++) {
        const { entries, filtered_count, pagination } = await ask(more);
        assert.ok(sizeOf(entries) < PAGE_BYTES + 64_000);
        assert.equal(filtered_count, 200);
        count += entries.length;
        more = pagination.has_more ? { ...more, cursor: pagination.next_cursor } : undefined;
      }
      assert.deepEqual([pages > 1, count], [true, 200]);
    }
  }));
