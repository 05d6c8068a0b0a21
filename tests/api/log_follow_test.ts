/** Following the log as a specification: what was, then what comes, with no gap and no repetition. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { untilLater } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh", max_concurrent: 4 },
};

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

const numbered = (word: string, count: number) => Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);

Deno.test("log entries: following", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await watching(server);
    const logOf = (message: Message) => message.log as Fields;
    const pushedTo = (watcher: TestSocket, subscription_id: unknown) =>
      watcher.messages.filter((m) => m.type === "log_entry" && m.subscription_id === subscription_id)
        .map((m) => logOf(m).message);

    await t.step("no gap or repetition between reply and pushes, for many clients", async () => {
      const COUNT = 3000;
      await start(socket, "busy", `count n ${COUNT}; wait joined; print end`);
      await socket.next((m) => m.task_id === "busy" && m.new_status === "running");
      const watchers: { watcher: TestSocket; first: unknown[]; subscription_id: unknown }[] = [];
      while (watchers.length < 8) {
        const watcher = await server.connect();
        const reply = await watcher.request({
          type: "request_log_entries",
          limit: 1000,
          filter: { agent: "busy", source_file: "stdout", follow: true },
          sort: { field: "time", order: "desc" },
        });
        assert.equal(typeof reply.subscription_id, "string");
        const first = (reply.data as Page).entries.map((entry) => entry.message).toReversed();
        watchers.push({ watcher, first, subscription_id: reply.subscription_id });
      }
      server.agents.open("joined");
      const all = [...numbered("n", COUNT), "end"];
      for (const { watcher, first, subscription_id } of watchers) {
        await watcher.next((m) => m.type === "log_entry" && logOf(m).message === "end", 60_000);
        const whole = [...first, ...pushedTo(watcher, subscription_id)];
        assert.deepEqual(whole, all.slice(all.length - whole.length));
        if (first.length < 1000) assert.equal(whole.length, all.length);
        await watcher.close();
      }
    });

    await t.step("no pushed entry comes before the reply", async () => {
      await start(socket, "early", "count e 600");
      const watcher = await server.connect();
      watcher.forget();
      for (let i = 0; i < 10; i++) {
        watcher.send({
          type: "request_log_entries",
          request_id: i,
          limit: 1,
          filter: { agent: "early", follow: true },
        });
      }
      await watcher.next((m) => m.request_id === 9);
      const ids = new Map<unknown, number>();
      watcher.messages.forEach((m, i) => m.type === "log_entries" && ids.set(m.subscription_id, i));
      assert.equal(ids.size, 10);
      await socket.next((m) => m.task_id === "early" && m.new_status === "completed");
      watcher.messages.forEach((m, i) => {
        if (m.type === "log_entry") assert.ok(ids.get(m.subscription_id)! < i);
      });
      await watcher.close();
    });

    await t.step(
      "more than a page behind: the newest page, in the order of the log, so that nothing is missing at the seam",
      async () => {
        await run(socket, "long", "count x 300");
        const watcher = await server.connect();
        const reply = await watcher.request({
          type: "request_log_entries",
          limit: 10,
          filter: {
            agent: ["long", "after"],
            source_file: "stdout",
            follow: true,
            since: "2001-01-01T00:00:00Z",
          },
        });
        const { entries, pagination } = reply.data as Page;
        assert.deepEqual(entries.map((entry) => entry.message), numbered("x", 300).slice(-10));
        await run(socket, "after", "print y");
        await watcher.next((m) => m.type === "log_entry" && logOf(m).message === "y");
        assert.deepEqual(pushedTo(watcher, reply.subscription_id), ["y"]);

        // What is older can be asked for with the cursor.
        const filter = { agent: ["long", "after"], source_file: "stdout" };
        const older = await ask(watcher, { filter, limit: 1000, cursor: pagination.next_cursor });
        assert.deepEqual(older.entries.map((entry) => entry.message).toReversed(), numbered("x", 290));
        await watcher.close();
      },
    );

    await t.step("since: entries from that time on; each filter also applies to pushes", async () => {
      await run(socket, "before", "print before");
      await untilLater();
      const since = new Date().toISOString();
      await run(socket, "f1", "print Match one; print other; warn match err");
      const watcher = await server.connect();
      const reply = await watcher.request({
        type: "request_log_entries",
        filter: {
          follow: true,
          since,
          level: ["info"],
          agent: ["before", "f1", "f2"],
          message_contains: "MATCH",
          source_file: "stdout",
        },
      });
      assert.deepEqual((reply.data as Page).entries.map((entry) => entry.message), ["Match one"]);
      await run(socket, "f2", "warn match err; print other; print a match; print last match");
      await run(socket, "f3", "print match of another");
      await watcher.next((m) => m.type === "log_entry" && logOf(m).message === "last match");
      assert.deepEqual(pushedTo(watcher, reply.subscription_id), ["a match", "last match"]);

      const details = await watcher.request({
        type: "request_log_entries",
        filter: { follow: true, since: new Date().toISOString(), details_contains: '"exit_code":9' },
      });
      await run(socket, "f4", "exit 8");
      await run(socket, "f5", "exit 9");
      const told = await watcher.next((m) =>
        m.subscription_id === details.subscription_id && m.type === "log_entry"
      );
      assert.equal(logOf(told).agent, "f5");
      await watcher.close();
    });

    await t.step("time bounds also apply to pushes", async () => {
      const watcher = await server.connect();
      const follow = (filter: Fields) =>
        watcher.request({ type: "request_log_entries", filter: { follow: true, agent: "t1", ...filter } });
      const past = await follow({ time_range: { end: new Date().toISOString() } });
      const future = await follow({ since: new Date(Date.now() + 3_600_000).toISOString() });
      const now = await follow({ time_range: { start: new Date().toISOString() } });
      await run(socket, "t1", "print now");
      await watcher.next((m) => m.type === "log_entry" && logOf(m).message === "now");
      await watcher.request({ type: "ping" });
      assert.deepEqual(pushedTo(watcher, past.subscription_id), []);
      assert.deepEqual(pushedTo(watcher, future.subscription_id), []);
      assert.ok(pushedTo(watcher, now.subscription_id).includes("now"));
      await watcher.close();
    });

    await t.step("two follows on one connection: each gets each entry under its own id", async () => {
      const watcher = await server.connect();
      const follow = async (filter: Fields) =>
        (await watcher.request({ type: "request_log_entries", filter: { follow: true, ...filter } }))
          .subscription_id;
      const one = await follow({ agent: "two" });
      const two = await follow({ agent: "two", level: "warn" });
      assert.notEqual(one, two);
      await run(socket, "two", "print out; warn err");
      await watcher.next((m) => m.type === "log_entry" && logOf(m).message === "Task completed");
      assert.deepEqual(pushedTo(watcher, two), ["err"]);
      assert.ok(["out", "err"].every((message) => pushedTo(watcher, one).includes(message)));

      const reply = await watcher.request({ type: "unsubscribe_from_updates", subscription_id: one });
      assert.deepEqual([reply.type, reply.subscription_id], ["unsubscription_confirmed", one]);
      watcher.forget();
      await run(socket, "two_more", "print done");
      await start(socket, "three", "print done");
      assert.equal((await watcher.request({ type: "ping" })).type, "pong");
      assert.deepEqual(pushedTo(watcher, one), []);
      const again = await watcher.request({ type: "unsubscribe_from_updates", subscription_id: one });
      assert.equal(again.code, "SUBSCRIPTION_ERROR");
      assert.equal(
        (await watcher.request({ type: "unsubscribe_from_updates", subscription_id: two })).type,
        "unsubscription_confirmed",
      );
      await watcher.close();
    });

    await t.step("a follow that is refused follows nothing", async () => {
      const watcher = await server.connect();
      const reply = await watcher.request({
        type: "request_log_entries",
        cursor: "%%%",
        filter: { agent: "refused", follow: true },
      });
      assert.equal(reply.code, "INVALID_FIELD_FORMAT");
      watcher.forget();
      await run(socket, "refused", "print x");
      await watcher.request({ type: "ping" });
      assert.deepEqual(watcher.messages.map((m) => m.type), ["pong"]);
      await watcher.close();
    });
  });
});
