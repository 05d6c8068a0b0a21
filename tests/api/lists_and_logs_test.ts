/** list_tasks and request_log_entries: filters, order, pages, and following a log. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh", max_concurrent: 1 },
};

const start = (socket: TestSocket, task: Fields) =>
  socket.request({
    type: "start_task",
    task: {
      type: "testing",
      priority: "medium",
      description: String(task.id),
      execution: { prompt: "print done" },
      ...task,
    },
  });

Deno.test("list_tasks", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await server.connect();
    await start(socket, { id: "hold", type: "maintenance", execution: { prompt: "hang" } });
    // It takes the only place before the others come.
    await until(async () => {
      const { task } = await socket.request({ type: "get_task_status", task_id: "hold" });
      return (task as Fields).status === "running";
    });
    const priorities = ["low", "medium", "high", "critical"];
    for (let i = 0; i < 12; i++) {
      await start(socket, {
        id: `t${String(i).padStart(2, "0")}`,
        type: i % 2 ? "bugfix" : "feature",
        priority: priorities[i % 4],
        description: i % 3 ? `Fix the PARSER ${i}` : `Write docs ${i}`,
        ...(i % 4 === 0 ? { files_pattern: "src/**" } : {}),
        ...(i === 11 ? { dependencies: ["t00"] } : {}),
      });
    }
    const ids = async (filter: Fields, more: Fields = {}) => {
      const reply = await socket.request({ type: "list_tasks", filter, limit: 1000, ...more });
      assert.equal(reply.type, "task_list", JSON.stringify(reply));
      return (reply.tasks as Fields[]).map((task) => task.id as string);
    };

    await t.step("each filter alone, with alternatives, and all together", async () => {
      assert.deepEqual(await ids({ status: "running" }), ["hold"]);
      assert.equal((await ids({ status: ["running", "queued"] })).length, 12);
      assert.deepEqual(await ids({ status: "pending" }), ["t11"]);
      assert.equal((await ids({ type: "bugfix" })).length, 6);
      assert.deepEqual(await ids({ priority: "critical" }), ["t03", "t07", "t11"]);
      assert.deepEqual(await ids({ has_dependencies: true }), ["t11"]);
      assert.equal((await ids({ description_contains: "parser" })).length, 8);
      assert.deepEqual(await ids({ files_pattern: "src/**" }), ["t00", "t04", "t08"]);
      assert.equal((await ids({ progress_range: { min: 1 } })).length, 0);
      assert.deepEqual(
        await ids({
          type: ["feature"],
          priority: ["low", "high"],
          description_contains: "DOCS",
          status: "queued",
          has_dependencies: false,
        }),
        ["t00", "t06"],
      );
    });

    await t.step("time bounds are exclusive", async () => {
      const { task } = await socket.request({ type: "get_task_status", task_id: "t05" }) as unknown as {
        task: Fields;
      };
      const after = await ids({ created_after: task.created_at });
      const before = await ids({ created_before: task.created_at });
      assert.ok(!after.includes("t05") && !before.includes("t05"));
      assert.ok(after.includes("t09") && before.includes("hold"));
    });

    await t.step("order by rank, ties by id in either direction; absent values last", async () => {
      const byPriority = await ids({ type: ["bugfix", "feature"] }, {
        sort: { field: "priority", order: "desc" },
      });
      assert.deepEqual(byPriority, [
        "t03",
        "t07",
        "t11",
        "t02",
        "t06",
        "t10",
        "t01",
        "t05",
        "t09",
        "t00",
        "t04",
        "t08",
      ]);
      assert.equal((await ids({}, { sort: { field: "id", order: "desc" } }))[0], "t11");
      const byPattern = await ids({}, { sort: { field: "files_pattern" } });
      assert.deepEqual(byPattern.slice(0, 3), ["t00", "t04", "t08"]);
    });

    await t.step("pages cover everything once, counts are exact", async () => {
      const seen: string[] = [];
      for (let offset = 0, more = true; more;) {
        const page = await socket.request({
          type: "list_tasks",
          filter: { type: "feature" },
          sort: { field: "priority" },
          limit: 4,
          offset,
        }) as Message & { pagination: Fields };
        assert.deepEqual([page.total_count, page.filtered_count], [13, 6]);
        seen.push(...(page.tasks as Fields[]).map((task) => task.id as string));
        more = page.pagination.has_more as boolean;
        assert.equal(page.pagination.next_offset, more ? offset + 4 : undefined);
        offset += 4;
      }
      assert.deepEqual([...seen].sort(), ["t00", "t02", "t04", "t06", "t08", "t10"]);
    });
    await socket.close();
  });
});

Deno.test("request_log_entries", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const run = async (id: string, prompt: string) => {
      await start(socket, { id, execution: { prompt } });
      await socket.next((m) => m.task_id === id && m.new_status === "completed");
    };
    await run("a", "count line 120; warn Trouble");
    await run("b", "print other");
    type Page = {
      entries: Fields[];
      total_count: number;
      filtered_count: number;
      pagination: Fields;
      summary: Fields;
    };
    const ask = async (fields: Fields) => {
      const reply = await socket.request({ type: "request_log_entries", ...fields });
      assert.equal(reply.type, "log_entries", JSON.stringify(reply));
      return reply.data as Page;
    };

    await t.step("filters and summary", async () => {
      const warned = await ask({ filter: { level: "warn", agent: "a" } });
      assert.deepEqual(warned.entries.map((e) => e.message), ["Trouble"]);
      assert.deepEqual([warned.filtered_count, warned.summary.warn_count, warned.summary.info_count], [
        1,
        1,
        0,
      ]);
      assert.deepEqual([warned.summary.oldest_entry, warned.summary.newest_entry], [
        warned.entries[0]!.time,
        warned.entries[0]!.time,
      ]);
      const [entry] = warned.entries;
      assert.deepEqual([entry!.source, entry!.details, (entry!.context as Fields).task_id], [
        "stderr",
        {},
        "a",
      ]);
      assert.equal((await ask({ filter: { message_contains: "LINE 11" } })).filtered_count, 11);
      assert.equal((await ask({ filter: { agent: ["b"], source_file: "STDOUT" } })).filtered_count, 1);
    });

    await t.step("a cursor continues without loss or repetition when entries share timestamps", async () => {
      for (const order of ["asc", "desc"]) {
        const seen: unknown[] = [];
        let cursor: unknown;
        for (;;) {
          const page = await ask({
            limit: 7,
            filter: { agent: "a", source_file: "stdout" },
            sort: { field: "time", order },
            ...(cursor ? { cursor } : {}),
          });
          seen.push(...page.entries.map((e) => e.message));
          if (!page.pagination.has_more) break;
          cursor = page.pagination.next_cursor;
        }
        const all = Array.from({ length: 120 }, (_, i) => `line ${i + 1}`);
        assert.deepEqual(seen, order === "asc" ? all : all.reverse());
      }
      assert.equal(
        (await socket.request({ type: "request_log_entries", cursor: "%%%" })).code,
        "INVALID_FIELD_FORMAT",
      );
    });

    await t.step(
      "follow: what was, then what comes, with no gap and no repetition; and its end",
      async () => {
        const watcher = await server.connect();
        const running = run("c", "count n 200; wait joined; count m 200");
        await until(async () => {
          const filter = { agent: "c", source_file: "stdout" };
          const { data } = await socket.request({ type: "request_log_entries", filter });
          return (data as { filtered_count: number }).filtered_count === 200;
        });
        const following = watcher.request({
          type: "request_log_entries",
          limit: 1000,
          filter: { agent: "c", source_file: "stdout", follow: true },
        });
        // It prints on while the client joins.
        server.agents.open("joined");
        const reply = await following;
        const subscription_id = reply.subscription_id as string;
        assert.equal(typeof subscription_id, "string");
        await running;
        await watcher.next((m) => m.type === "log_entry" && (m.log as Fields).message === "m 200");
        const first = (reply.data as Page).entries.map((e) => e.message);
        const pushed = watcher.messages.filter((m) => m.type === "log_entry");
        assert.ok(pushed.every((m) => m.subscription_id === subscription_id));
        assert.deepEqual(
          [...first, ...pushed.map((m) => (m.log as Fields).message)],
          ["n", "m"].flatMap((word) => Array.from({ length: 200 }, (_, i) => `${word} ${i + 1}`)),
        );
        assert.equal(
          (await watcher.request({ type: "unsubscribe_from_updates", subscription_id })).type,
          "unsubscription_confirmed",
        );
        watcher.forget();
        await run("d", "print late");
        assert.deepEqual(watcher.messages, []);
        assert.equal(
          (await watcher.request({ type: "unsubscribe_from_updates", subscription_id })).code,
          "SUBSCRIPTION_ERROR",
        );
      },
    );
    await socket.close();
  });
});
