/** A store of an earlier release is opened with all that is in it; one of a later release is refused untouched. */
import assert from "node:assert/strict";
import { foldIn } from "../../src/store/file_copy.ts";
import { FORMAT } from "../../src/store/identity.ts";
import { encode } from "../../src/store/json.ts";
import { TestServer, withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

const STORES = new URL("../fixtures/stores/", import.meta.url).pathname;

const config = {
  // It is asked again and again until the tasks have run.
  limits: { enabled: false },
  agents: { fixture: { protocol: "command", command: ["echo", "ran again"] } },
  tasks: { default_agent: "fixture", retention_days: 36_500 },
  logs: { retention_days: 36_500 },
};

async function ask(server: TestServer, message: Message): Promise<Message> {
  return (await server.post(message)).reply as Message;
}

Deno.test("every format up to today's has a store in the fixtures", () => {
  const names = [...Deno.readDirSync(STORES)].map(({ name }) => name).sort();
  assert.deepEqual(names, Array.from({ length: FORMAT }, (_, i) => `format-${i + 1}.sqlite3`));
});

for (let format = 1; format <= FORMAT; format++) {
  Deno.test(`a store of format ${format} opens whole, and its running task is recovered`, async () => {
    await withServer({ config }, async (server) => {
      await server.stop("SIGTERM");
      await Deno.copyFile(`${STORES}format-${format}.sqlite3`, `${server.data}/store.sqlite3`);
      await server.start();
      await until(async () => {
        const { task } = await ask(server, { type: "get_task_status", task_id: "waiting" });
        return (task as Message).status === "completed";
      });
      const { tasks } = await ask(server, { type: "list_tasks", sort_by: "created_at", sort_order: "asc" });
      assert.deepEqual((tasks as Message[]).map(({ id, status }) => [id, status]).sort(), [
        ["broken", "failed"],
        ["cancelled", "cancelled"],
        ["done", "completed"],
        ["long", "cancelled"],
        ["running", "completed"],
        ["waiting", "completed"],
      ]);
      const task = async (task_id: string) =>
        (await ask(server, { type: "get_task_status", task_id })).task as Message;
      assert.deepEqual([(await task("running")).attempt, (await task("running")).retry_count], [2, 1]);
      assert.equal((await task("broken")).error, "exit code 3");
      assert.equal((await task("done")).description, "task number 1 – ünïcödé");
      const long = (await task("long")).metadata as { text: string };
      assert.equal(long.text.length, 60_500);
      const { result } = await ask(server, { type: "get_task_result", task_id: "done" });
      assert.equal((result as Message).output, "all 3 tests pass\n");
      const { schedules } = await ask(server, { type: "list_schedules" });
      assert.deepEqual((schedules as Message[]).map(({ id }) => id), ["nightly"]);
      const { data } = await ask(server, { type: "request_log_entries", limit: 1000 });
      const lines = ((data as Message).entries as Message[]).filter(({ agent }) => agent === "done");
      assert.equal(lines.length, 25);
    });
  });
}

Deno.test("a store of a newer format is refused with what to do, and no byte of it changes", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-newer-" }));
  try {
    const path = `${dir}/data/store.sqlite3`;
    await Deno.mkdir(`${dir}/data`);
    await Deno.copyFile(`${STORES}format-${FORMAT}.sqlite3`, path);
    const kv = await Deno.openKv(path);
    await kv.set(["meta"], encode({ format: FORMAT + 1, id: crypto.randomUUID() }));
    kv.close();
    await foldIn(path);
    const before = await Deno.readFile(path);
    const server = new TestServer(dir, { config }, {});
    const refusal = await server.start().then(() => "", (error: Error) => error.message);
    assert.match(
      refusal,
      /exit 2.*CONFIGURATION_ERROR: The store has format \d+, which a newer opencode-agents wrote/s,
    );
    assert.match(refusal, /Nothing in it was changed\. Use that newer version, or another folder \(--data\)/);
    const after = await Deno.readFile(path);
    assert.ok(before.length === after.length && before.every((byte, i) => byte === after[i]));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
