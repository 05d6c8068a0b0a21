/** Attachments as a specification: what is taken, what is refused, what a task gets, and what becomes of the files. */
import assert from "node:assert/strict";
import { HttpClient } from "../../src/client/http.ts";
import { ATTACHMENT_MAX_BYTES } from "../../src/domain/attachment_bounds.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted" },
};

async function post(
  app: TestApp,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<{ status: number; reply: Fields }> {
  const response = await fetch(`${app.url}/attachments`, { method: "POST", body, headers });
  return { status: response.status, reply: await response.json() };
}

function start(socket: TestSocket, id: string, attachments: unknown, prompt = "print done") {
  const task = {
    id,
    type: "testing",
    priority: "medium",
    description: id,
    execution: { prompt, attachments },
  };
  return socket.request({ type: "start_task", task });
}

async function ended(socket: TestSocket, task_id: string): Promise<Fields> {
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
  const { task } = await socket.request({ type: "get_task_status", task_id });
  if (!["completed", "failed"].includes((task as Fields).status as string)) {
    await socket.next((m) =>
      m.task_id === task_id && ["completed", "failed"].includes(m.new_status as string)
    );
  }
  return (await socket.request({ type: "get_task_status", task_id })).task as Fields;
}

const files = async (app: TestApp) =>
  (await Array.fromAsync(Deno.readDir(`${app.dir}/data/attachments`))).map(({ name }) => name).sort();

Deno.test("attachments", async (t) => {
  await withApp({ config }, async (app) => {
    const socket = await app.connect();

    await t.step("a file is kept, private to its owner, under a name that is safe", async () => {
      const { status, reply } = await post(app, new Uint8Array([1, 2, 3]), {
        "content-type": "application/x-thing",
        "x-filename": encodeURIComponent("../Ü/plan.thing"),
      });
      assert.equal(status, 200, JSON.stringify(reply));
      const { id, ...rest } = reply;
      assert.match(id as string, /^att_[0-9a-f]+$/);
      assert.deepEqual(rest, { name: "plan.thing", mime_type: "application/x-thing", bytes: 3 });
      const folder = `${app.dir}/data/attachments/${id}`;
      if (Deno.build.os !== "windows") {
        assert.equal((await Deno.stat(folder)).mode! & 0o777, 0o700);
        assert.equal((await Deno.stat(`${folder}/content`)).mode! & 0o777, 0o600);
      }
      assert.deepEqual(await Deno.readFile(`${folder}/content`), new Uint8Array([1, 2, 3]));
    });

    await t.step("an empty and a too large one are refused, and leave nothing", async () => {
      const before = await files(app);
      const empty = await post(app, "");
      assert.deepEqual([empty.status, empty.reply.code, (empty.reply.details as Fields).field], [
        400,
        "INVALID_FIELD_VALUE",
        "(body)",
      ]);
      const large = await post(app, new Uint8Array(ATTACHMENT_MAX_BYTES + 1));
      assert.deepEqual([large.status, large.reply.code], [400, "INVALID_FIELD_VALUE"]);
      // Without a length, its size shows only as it arrives.
      const parts = Array.from({ length: 21 }, () => new Uint8Array(1 << 20));
      const streamed = await fetch(`${app.url}/attachments`, {
        method: "POST",
        body: ReadableStream.from(parts),
      })
        .then((response) => response.json(), () => ({ code: "closed" }));
      assert.ok(["INVALID_FIELD_VALUE", "closed"].includes(streamed.code), JSON.stringify(streamed));
      const whole = await post(app, new Uint8Array(ATTACHMENT_MAX_BYTES));
      assert.deepEqual([whole.status, whole.reply.bytes], [200, ATTACHMENT_MAX_BYTES]);
      assert.deepEqual((await files(app)).filter((name) => name !== whole.reply.id), before);
    });

    await t.step("a form with a file in it is refused: the file itself is the body", async () => {
      const form = new FormData();
      form.append("file", new File(["x"], "x.txt"));
      const { status, reply } = await post(app, form);
      assert.deepEqual([status, reply.code, (reply.details as Fields).field], [
        400,
        "INVALID_FIELD_VALUE",
        "Content-Type",
      ]);
    });

    await t.step("another method, and a page of another origin, are refused", async () => {
      const get = await fetch(`${app.url}/attachments`);
      assert.equal(get.status, 405);
      await get.body?.cancel();
      const foreign = await post(app, "x", { origin: "https://evil.example" });
      assert.equal(foreign.status, 403);
    });

    await t.step(
      "a task's agent gets the files, in order, and every view of the task shows their ids and names",
      async () => {
        const client = new HttpClient(app.url);
        const one = await client.attach(new Blob(["# Hello"], { type: "text/markdown" }), { name: "one.md" });
        const two = await client.attach(new File(["{}"], "two.json"));
        assert.deepEqual([one.name, one.mime_type, two.name, two.mime_type], [
          "one.md",
          "text/markdown",
          "two.json",
          "application/json",
        ]);
        const reply = await start(socket, "with", [two.id, one.id]);
        assert.equal(reply.type, "task_started", JSON.stringify(reply));
        await ended(socket, "with");
        const { attachments } = app.agents.runs.at(-1)!.request;
        assert.deepEqual(attachments!.map(({ id, name, bytes }) => [id, name, bytes]), [
          [two.id, "two.json", 2],
          [one.id, "one.md", 7],
        ]);
        assert.equal(await Deno.readTextFile(attachments![1]!.path), "# Hello");
        const { tasks } = await socket.request({ type: "list_tasks" });
        const listed = (tasks as Fields[])[0]!;
        assert.deepEqual((listed.execution as Fields).attachments, [two.id, one.id]);
        assert.deepEqual(listed.attached_files, [two, one]);
      },
    );

    await t.step("what is no attachment is refused, with the place", async () => {
      const problem = async (attachments: unknown) => {
        const { code, details } = await start(socket, "wrong", attachments);
        return [code, (details as Fields | undefined)?.field];
      };
      const { reply: { id } } = await post(app, "x");
      assert.deepEqual(await problem([id, "att_none"]), [
        "INVALID_FIELD_VALUE",
        "task.execution.attachments[1]",
      ]);
      assert.deepEqual(await problem([id, id]), ["INVALID_FIELD_VALUE", "task.execution.attachments[1]"]);
      assert.deepEqual(await problem(Array.from({ length: 11 }, (_, i) => `a${i}`)), [
        "INVALID_FIELD_VALUE",
        "task.execution.attachments",
      ]);
      assert.deepEqual(await problem(id), ["INVALID_FIELD_TYPE", "task.execution.attachments"]);
      assert.deepEqual(await problem([7]), ["INVALID_FIELD_TYPE", "task.execution.attachments[0]"]);
      assert.deepEqual(await problem(["../.."]), ["INVALID_FIELD_VALUE", "task.execution.attachments[0]"]);
    });

    await t.step("they outlive the server; what had not arrived whole is gone", async () => {
      const { reply: { id } } = await post(app, "kept");
      await Deno.mkdir(`${app.dir}/data/attachments/draft-att_half`);
      await app.restart();
      assert.equal((await files(app)).includes("draft-att_half"), false);
      const again = await app.connect();
      assert.equal((await start(again, "later", [id])).type, "task_started");
      assert.equal((await ended(again, "later")).status, "completed");
      assert.equal(await Deno.readTextFile(app.agents.runs.at(-1)!.request.attachments![0]!.path), "kept");
    });

    await t.step("a task whose file is gone fails, and says so", async () => {
      const again = await app.connect();
      const { reply: { id } } = await post(app, "lost");
      await start(again, "before", [id], "exit 1; attempt 2: print never");
      await ended(again, "before");
      await app.stop();
      await Deno.remove(`${app.dir}/data/attachments/${id}`, { recursive: true });
      await app.start();
      const third = await app.connect();
      await third.request({ type: "retry_task", task_id: "before" });
      const task = await ended(third, "before");
      assert.match(task.error as string, new RegExp(`Attachment '${id}' is not on this server`));
    });
  });
});

Deno.test("attachments: writing is needed, and they count as file operations", async () => {
  const limits = { file_operations_per_minute: 2 };
  await withApp({ config: { ...config, limits, security: { auth: "required" } } }, async (app) => {
    const owner = { authorization: `Bearer ${app.owner_token}` };
    const key = async (permissions: string[]) => {
      const { reply } = await app.post({ type: "create_key", key: { name: "k", permissions } }, owner);
      return { authorization: `Bearer ${reply.api_key}` };
    };
    assert.equal((await post(app, "x")).reply.code, "AUTHENTICATION_REQUIRED");
    assert.equal((await post(app, "x", await key(["read"]))).reply.code, "PERMISSION_DENIED");
    const writer = await key(["write"]);
    assert.equal((await post(app, "x", writer)).status, 200);
    assert.equal((await post(app, "x", writer)).status, 200);
    const over = await post(app, "x", writer);
    assert.deepEqual([over.status, over.reply.code, (over.reply.details as Fields).limit], [
      429,
      "RATE_LIMIT_EXCEEDED",
      "file_operations_per_minute",
    ]);
    await assert.rejects(() => new HttpClient(app.url).attach(new Blob(["x"])), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.code, "AUTHENTICATION_REQUIRED");
      return true;
    });
  });
});
