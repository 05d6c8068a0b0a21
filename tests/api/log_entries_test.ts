/** request_log_entries as a specification: filters, order, and pages while entries keep coming. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until, untilLater } from "../fixtures/until.ts";
import type { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh", max_concurrent: 4 },
};
const LEVELS = ["debug", "info", "warn", "error", "fatal"];

interface Page {
  entries: Fields[];
  total_count: number;
  filtered_count: number;
  pagination: { has_more: boolean; next_cursor?: string };
  summary: Record<string, unknown>;
}

async function start(socket: TestSocket, id: string, prompt: string): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description: id, execution: { prompt } };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function run(socket: TestSocket, id: string, prompt: string): Promise<void> {
  await start(socket, id, prompt);
  await socket.next((m) => m.task_id === id && ["completed", "failed"].includes(m.new_status as string));
}

async function ask(socket: TestSocket, message: Fields): Promise<Page> {
  const reply = await socket.request({ type: "request_log_entries", ...message });
  assert.equal(reply.type, "log_entries", JSON.stringify(reply));
  return reply.data as Page;
}

async function watching(server: Door): Promise<TestSocket> {
  const socket = await server.connect();
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  return socket;
}

/** All pages of a query, each asked for with the cursor of the one before. */
async function pagesOf(socket: TestSocket, message: Fields): Promise<Page[]> {
  const pages = [await ask(socket, message)];
  for (;;) {
    const { has_more, next_cursor } = pages.at(-1)!.pagination;
    assert.equal(next_cursor !== undefined, has_more);
    if (!has_more) return pages;
    pages.push(await ask(socket, { ...message, cursor: next_cursor }));
  }
}

const messagesOf = (pages: Page[]) => pages.flatMap(({ entries }) => entries.map((entry) => entry.message));
const numbered = (word: string, count: number) => Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);

Deno.test("log entries: filters, order and summary", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await watching(server);
    await run(socket, "a", `print Line one: Ärger; print quote " and \\ slash; warn oops`);
    await untilLater();
    await run(
      socket,
      "b",
      "progress 1/2; print LINE two; exit 4",
    );
    await run(socket, "c", "count c 30");
    const everything = (await ask(socket, { limit: 1000, sort: { field: "time", order: "asc" } })).entries;
    const expectOnly = async (filter: Fields, wanted: (entry: Fields) => boolean, atLeast = 1) => {
      const { entries, total_count, filtered_count, summary } = await ask(socket, { filter, limit: 1000 });
      const expected = everything.filter(wanted);
      assert.ok(expected.length >= atLeast, `the test's entries do not reach ${JSON.stringify(filter)}`);
      assert.deepEqual(entries.toReversed(), expected, JSON.stringify(filter));
      assert.deepEqual([total_count, filtered_count], [everything.length, expected.length]);
      for (const level of LEVELS) {
        const count = expected.filter((entry) => entry.level === level).length;
        assert.equal(summary[`${level}_count`], count, `${level} of ${JSON.stringify(filter)}`);
      }
      assert.deepEqual([summary.oldest_entry, summary.newest_entry], [
        expected[0]?.time,
        expected.at(-1)?.time,
      ]);
    };

    await t.step("each entry is complete", () => {
      for (const entry of everything) {
        assert.match(entry.time as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        assert.ok(LEVELS.includes(entry.level as string));
        for (const field of ["message", "agent", "source"]) {
          assert.equal(typeof entry[field], "string", field);
        }
        for (const field of ["details", "context"]) assert.equal(typeof entry[field], "object", field);
      }
      const plain = everything.find((entry) => entry.message === "oops")!;
      assert.deepEqual([plain.level, plain.agent, plain.source, plain.details], ["warn", "a", "stderr", {}]);
      assert.deepEqual(
        [(plain.context as Fields).task_id, (plain.context as Fields).working_dir],
        ["a", server.dir],
      );
      assert.ok(everything.some((entry) => entry.message === 'quote " and \\ slash'));
    });

    await t.step("without parameters: all entries, the newest first, at most 50", async () => {
      const page = await ask(socket, {});
      assert.deepEqual(page.entries, everything.toReversed().slice(0, 50));
      await expectOnly({}, () => true);
    });

    await t.step("level and agent: one value, or alternatives", async () => {
      for (const level of LEVELS) await expectOnly({ level }, (entry) => entry.level === level, 0);
      await expectOnly(
        { level: ["warn", "error"] },
        (entry) => ["warn", "error"].includes(entry.level as string),
        2,
      );
      await expectOnly({ agent: "b" }, (entry) => entry.agent === "b", 2);
      await expectOnly({ agent: ["a", "b"] }, (entry) => ["a", "b"].includes(entry.agent as string), 5);
      await expectOnly({ agent: "nobody" }, () => false, 0);
      await expectOnly({ agent: ["a", "c"], level: "warn" }, (entry) => entry.message === "oops");
    });

    await t.step("time_range and since include their bounds, in any offset", async () => {
      const times = everything.map((entry) => entry.time as string);
      for (const i of [0, 3, everything.length - 1]) {
        const start = times[i]!;
        const elsewhere = new Date(Date.parse(start) + 7_200_000).toISOString().replace("Z", "+02:00");
        for (const form of [start, elsewhere]) {
          await expectOnly({ time_range: { start: form } }, (entry) => (entry.time as string) >= start);
          await expectOnly({ time_range: { end: form } }, (entry) => (entry.time as string) <= start);
          await expectOnly({ since: form }, (entry) => (entry.time as string) >= start);
        }
      }
      const [from, to] = [times[2]!, times.at(-5)!];
      await expectOnly(
        { time_range: { start: from, end: to } },
        (entry) => (entry.time as string) >= from && (entry.time as string) <= to,
      );
      await expectOnly({ time_range: { end: "2001-01-01T00:00:00Z" } }, () => false, 0);
      await expectOnly({ time_range: {} }, () => true);
    });

    await t.step("message_contains, details_contains, source_file: anywhere, ignoring case", async () => {
      const has = (entry: Fields, field: string, text: string) => {
        const value = typeof entry[field] === "string" ? entry[field] : JSON.stringify(entry[field]);
        return value.toLowerCase().includes(text.toLowerCase());
      };
      for (const text of ["line", "LINE", "ärger", "ÄRGER", 'quote "', "\\ slash", ": "]) {
        await expectOnly({ message_contains: text }, (entry) => has(entry, "message", text));
      }
      await expectOnly({ message_contains: "l.ne" }, () => false, 0);
      for (const text of ["exit_code", "EXIT_CODE", '"exit_code":4', "duration"]) {
        await expectOnly({ details_contains: text }, (entry) => has(entry, "details", text));
      }
      for (const text of ["stderr", "STD", "engine"]) {
        await expectOnly({ source_file: text }, (entry) => has(entry, "source", text));
      }
      await expectOnly(
        { message_contains: "line", source_file: "stdout", agent: ["a"], level: "info" },
        (entry) => entry.message === "Line one: Ärger",
      );
    });

    await t.step(
      "each field in either order, equal ones in the order of the log, or its reverse",
      async () => {
        for (const field of ["time", "level", "agent", "source", "message"]) {
          const key = (entry: Fields) =>
            field === "level" ? LEVELS.indexOf(entry.level as string) : entry[field] as string;
          const ascending = [...everything].sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
          for (const order of ["asc", "desc"]) {
            const expected = order === "asc" ? ascending : ascending.toReversed();
            const { entries } = await ask(socket, { sort: { field, order }, limit: 1000 });
            assert.deepEqual(entries, expected, `${field} ${order}`);
            const pages = await pagesOf(socket, { sort: { field, order }, limit: 7 });
            assert.deepEqual(pages.flatMap((page) => page.entries), expected, `pages by ${field} ${order}`);
          }
        }
      },
    );

    await t.step("counts and summary cover all matches, not only the page", async () => {
      const whole = await ask(socket, { filter: { agent: "c" }, limit: 1000 });
      for (const page of await pagesOf(socket, { filter: { agent: "c" }, limit: 4 })) {
        assert.deepEqual(
          [page.total_count, page.filtered_count, page.summary],
          [whole.total_count, whole.filtered_count, whole.summary],
        );
      }
    });

    await t.step("invalid values are refused with the field's path", async () => {
      const refused = async (message: Fields, code: string, field: string) => {
        const reply = await socket.request({ type: "request_log_entries", ...message });
        assert.deepEqual(
          [reply.code, (reply.details as Fields)?.field],
          [code, field],
          JSON.stringify(message),
        );
      };
      const filter = (filter: unknown, field: string) =>
        refused({ filter }, "FILTER_VALIDATION_ERROR", field);
      await filter({ level: "loud" }, "filter.level");
      await filter({ level: ["info", "loud"] }, "filter.level[1]");
      await filter({ agent: 5 }, "filter.agent");
      await filter({ time_range: { start: "yesterday" } }, "filter.time_range.start");
      const malformed = await socket.request({
        type: "request_log_entries",
        filter: { time_range: { start: "yesterday", end: "2026-01-01T00:00:00Z" } },
      });
      assert.equal((malformed.details as Fields).errors, undefined, "one fault, one error");
      await filter({ time_range: [] }, "filter.time_range");
      await filter(
        { time_range: { start: "2026-01-02T00:00:00Z", end: "2026-01-01T00:00:00Z" } },
        "filter.time_range",
      );
      await filter({ since: 5 }, "filter.since");
      await filter({ follow: "yes" }, "filter.follow");
      await filter({ message_contains: null }, "filter.message_contains");
      await filter({ colour: 1 }, "filter.colour");
      await filter("all", "filter");
      await refused({ limit: 0 }, "INVALID_FIELD_VALUE", "limit");
      await refused({ limit: 1001 }, "INVALID_FIELD_VALUE", "limit");
      await refused({ sort: { field: "details" } }, "INVALID_FIELD_VALUE", "sort.field");
      await refused({ cursor: 5 }, "INVALID_FIELD_TYPE", "cursor");
      for (const cursor of ["%%%", "bm90aGluZw", btoa("[1,2]"), btoa('["time",-1,"x"]')]) {
        await refused({ cursor }, "INVALID_FIELD_FORMAT", "cursor");
      }
      const { pagination } = await ask(socket, { limit: 1 });
      await refused(
        { cursor: pagination.next_cursor, sort: { field: "time", order: "asc" } },
        "INVALID_FIELD_VALUE",
        "cursor",
      );
    });
    await socket.close();
  });
});

Deno.test("log entries: paging while more keep arriving", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await watching(server);
    // Bursts share their timestamps: one millisecond has many lines.
    await run(socket, "past", "count old 700");
    const COUNT = 2000;
    const filter = { agent: ["past", "live"], source_file: "stdout" };

    await t.step("many entries have the same time", async () => {
      const { entries } = await ask(socket, { filter, limit: 1000 });
      assert.ok(new Set(entries.map((entry) => entry.time)).size < entries.length / 2);
    });

    await t.step("newest first: each entry from before the first page, once", async () => {
      await start(socket, "live", `count new ${COUNT}`);
      await socket.next((m) => m.task_id === "live" && m.new_status === "running");
      await until(async () => (await ask(socket, { filter, limit: 1 })).filtered_count > 750);
      const pages = await pagesOf(socket, { filter, limit: 37 });
      const expected = [...numbered("old", 700), ...numbered("new", COUNT)];
      const seen = messagesOf(pages).toReversed();
      assert.deepEqual(seen, expected.slice(0, seen.length));
      assert.equal(seen.length, pages[0]!.filtered_count);
    });

    await t.step("oldest first: everything, including entries that arrived while paging", async () => {
      const order = { field: "time", order: "asc" };
      const pages = await pagesOf(socket, { filter, limit: 37, sort: order });
      await socket.next((m) => m.task_id === "live" && m.new_status === "completed", 60_000);
      // The last page may have been the end for a moment; from its last full one on comes the rest.
      const known = pages.slice(0, -1);
      const rest = await pagesOf(socket, {
        filter,
        limit: 37,
        sort: order,
        cursor: known.at(-1)!.pagination.next_cursor,
      });
      assert.deepEqual(messagesOf([...known, ...rest]), [...numbered("old", 700), ...numbered("new", COUNT)]);
    });

    await t.step("a cursor still works after a restart", async () => {
      const first = await ask(socket, { filter, limit: 100 });
      await server.restart();
      const again = await server.connect();
      const rest = await pagesOf(again, { filter, limit: 1000, cursor: first.pagination.next_cursor });
      assert.deepEqual(
        messagesOf([first, ...rest]).toReversed(),
        [...numbered("old", 700), ...numbered("new", COUNT)],
      );
      await again.close();
    });
  });
});
