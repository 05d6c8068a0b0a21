/** The frame of every message, on the socket and over HTTP (contract, section 3). */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import type { Message } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;
const config = { limits: { enabled: false } };
const details = (reply: Message | Fields) => (reply as { details: Fields }).details;

/** What the server answers to raw text. */
async function answerTo(server: Door, text: string): Promise<Message> {
  const socket = await server.connect();
  socket.forget();
  socket.send(text);
  const reply = await socket.next(() => true);
  await socket.close();
  return reply;
}

Deno.test("the protocol", async (t) => {
  await withApp({ config }, async (server) => {
    await t.step("the greeting, and the subprotocol where it is offered", async () => {
      const socket = await server.connect(["opencode-agents.v1"]);
      assert.equal(socket.protocol, "opencode-agents.v1");
      assert.deepEqual(Object.keys(socket.messages[0]!), [
        "type",
        "server_version",
        "api_version",
        "timestamp",
      ]);
      assert.match(socket.messages[0]!.timestamp as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal((await server.connect()).protocol, "");
    });

    await t.step("ping: the client's timestamp and request_id come back", async () => {
      const reply = await answerTo(server, '{"type":"ping","timestamp":1642152600000,"request_id":7}');
      assert.deepEqual([reply.type, reply.timestamp, reply.request_id], ["pong", 1642152600000, 7]);
      assert.equal((await answerTo(server, '{"type":"ping"}')).request_id, undefined);
    });

    await t.step("list_agents: no arguments of agents, which may contain secrets", async () => {
      const { type, agents, makes } = await (await server.connect()).request({ type: "list_agents" });
      assert.equal(type, "agent_list");
      const { icon, ...make } = (makes as Fields[]).find(({ name }) => name === "opencode")!;
      assert.deepEqual(make, { name: "opencode", display_name: "OpenCode" });
      assert.match(String(icon), /^M/);
      const found = (agents as Fields[]).find(({ name }) => name === "opencode");
      assert.deepEqual(found, {
        name: "opencode",
        protocol: "acp",
        program: "opencode",
        is_default: true,
        task_types: [],
        installed: true,
        login: "unknown",
        accepts: [],
      });
    });

    const refused: [string, string, string | undefined][] = [
      ["[]", "INVALID_FIELD_TYPE", "(root)"],
      ["null", "INVALID_FIELD_TYPE", "(root)"],
      ['"ping"', "INVALID_FIELD_TYPE", "(root)"],
      ["{", "INVALID_JSON", undefined],
      ["", "INVALID_JSON", undefined],
      ["{}", "MISSING_REQUIRED_FIELD", "type"],
      ['{"type":5}', "INVALID_FIELD_TYPE", "type"],
      ['{"type":null}', "INVALID_FIELD_TYPE", "type"],
      ['{"type":"pings"}', "UNKNOWN_MESSAGE_TYPE", "type"],
      ['{"type":"constructor"}', "UNKNOWN_MESSAGE_TYPE", "type"],
      ['{"type":"ping","timestamp":"now"}', "INVALID_FIELD_TYPE", "timestamp"],
      ['{"type":"ping","request_id":[]}', "INVALID_FIELD_TYPE", "request_id"],
      ["[".repeat(100_000), "INVALID_JSON", undefined],
      ['{"type":"ping","x":' + "[".repeat(50_000) + "]".repeat(50_000) + "}", "INVALID_JSON", undefined],
    ];
    for (const [text, code, field] of refused) {
      await t.step(`${text.slice(0, 40)}: ${code}`, async () => {
        const reply = await answerTo(server, text);
        assert.deepEqual([reply.type, reply.code, details(reply).field], ["error", code, field]);
        assert.ok(reply.timestamp);
      });
    }

    await t.step("an unknown type is refused with the nearest known one", async () => {
      const reply = await answerTo(server, '{"type":"start_taks","request_id":"a"}');
      assert.deepEqual([details(reply).value, details(reply).suggestion, reply.request_id], [
        "start_taks",
        "start_task",
        "a",
      ]);
    });

    await t.step(
      "a binary frame is no JSON; a frame over the limit closes with 1009, one at the limit does not",
      async () => {
        const socket = await server.connect();
        socket.forget();
        socket.sendBytes(new TextEncoder().encode('{"type":"ping"}'));
        assert.equal((await socket.next(() => true)).code, "INVALID_JSON");
        const frame = (bytes: number) => `{"type":"ping","x":"${"y".repeat(bytes - 22)}"}`;
        socket.forget();
        socket.send(frame(1_048_576));
        assert.equal((await socket.next(() => true)).type, "pong");
        socket.send(frame(1_048_577));
        assert.equal((await socket.closed).code, 1009);
      },
    );

    await t.step("__proto__ and half a surrogate pair are data like any other", async () => {
      assert.equal(
        (await answerTo(server, '{"type":"ping","__proto__":{"type":"x"},"constructor":1}')).type,
        "pong",
      );
      const task =
        '{"id":"odd","type":"testing","priority":"low","description":"a\\ud800b","metadata":{"__proto__":1,"k":"\\udfff"}}';
      const reply = await answerTo(server, `{"type":"start_task","task":${task}}`);
      assert.equal((reply.task as Fields).description, "a\ufffdb");
    });

    await t.step("replies come in the order of the requests, however long each takes", async () => {
      const socket = await server.connect();
      socket.forget();
      for (let i = 0; i < 30; i++) {
        socket.send({
          type: ["request_status", "ping", "request_log_entries", "nonsense"][i % 4],
          request_id: i,
        });
      }
      await socket.next((m) => m.request_id === 29);
      assert.deepEqual(socket.messages.map((m) => m.request_id), Array.from({ length: 30 }, (_, i) => i));
    });

    await t.step("batch: in order, each member independent, no nesting, 1 to 50 members", async () => {
      const requests = [{ type: "ping", request_id: 1 }, { type: "x" }, 5, {
        type: "batch",
        requests: [{ type: "ping" }],
      }, { type: "ping" }];
      const reply = await answerTo(server, JSON.stringify({ type: "batch", requests }));
      const responses = reply.responses as Message[];
      assert.deepEqual(responses.map((r) => r.code ?? r.type), [
        "pong",
        "UNKNOWN_MESSAGE_TYPE",
        "INVALID_FIELD_TYPE",
        "INVALID_FIELD_VALUE",
        "pong",
      ]);
      assert.equal(responses[0]!.request_id, 1);
      for (const count of [0, 51]) {
        const wrong = await answerTo(
          server,
          JSON.stringify({ type: "batch", requests: Array(count).fill({ type: "ping" }) }),
        );
        assert.deepEqual([wrong.code, details(wrong).field], ["INVALID_FIELD_VALUE", "requests"]);
      }
    });

    await t.step("HTTP: the same replies, with the document's statuses", async () => {
      const good = await server.post({ type: "ping", timestamp: 5, request_id: "h" });
      assert.deepEqual([good.status, good.reply.type, good.reply.request_id], [200, "pong", "h"]);
      const cases: [unknown, number, string][] = [
        [{ type: "get_task_status", task_id: "none" }, 404, "TASK_NOT_FOUND"],
        [{ type: "get_task_status", task_id: "a b" }, 400, "INVALID_FIELD_FORMAT"],
        [{ type: "nothing" }, 400, "UNKNOWN_MESSAGE_TYPE"],
        [{ type: "subscribe_to_updates", channels: ["agents"] }, 400, "SUBSCRIPTION_ERROR"],
        [
          { type: "start_task", task: { id: "odd", type: "testing", priority: "low", description: "again" } },
          409,
          "TASK_ALREADY_EXISTS",
        ],
        [
          {
            type: "start_task",
            task: { id: "dep", type: "testing", priority: "low", description: "d", dependencies: ["none"] },
          },
          400,
          "TASK_DEPENDENCY_ERROR",
        ],
        [
          {
            type: "start_task",
            task: {
              id: "dep",
              type: "testing",
              priority: "low",
              description: "d",
              execution: { agent: "none" },
            },
          },
          400,
          "INVALID_FIELD_VALUE",
        ],
        [
          {
            type: "start_task",
            task: {
              id: "dep",
              type: "testing",
              priority: "low",
              description: "d",
              execution: { working_dir: "/" },
            },
          },
          400,
          "INVALID_FIELD_VALUE",
        ],
        [
          {
            type: "start_task",
            task: {
              id: "dep",
              type: "testing",
              priority: "low",
              description: "d",
              scheduled_time: new Date(Date.now() + 30_000),
            },
          },
          400,
          "INVALID_SCHEDULE_TIME",
        ],
      ];
      for (const [message, status, code] of cases) {
        const { status: given, reply } = await server.post(message);
        assert.deepEqual([given, reply.code], [status, code], JSON.stringify(message));
      }
      const bytes = await fetch(`${server.url}/api`, {
        method: "POST",
        body: new Uint8Array([0x22, 0xff, 0x22]),
      });
      assert.deepEqual([bytes.status, (await bytes.json()).code], [400, "INVALID_JSON"]);
    });

    await t.step("other origins and hosts are refused; our page and programs are not", async () => {
      const post = async (headers: Record<string, string>) =>
        (await server.post({ type: "ping" }, headers)).status;
      assert.equal(await post({ origin: "http://evil.example" }), 403);
      assert.equal(await post({ origin: "null" }), 403);
      assert.equal(await post({ origin: "http://localhost:1" }), 403);
      assert.equal(await post({ origin: server.url }), 200);
      const raw = async (host: string, path = "/health") => {
        const { hostname, port } = new URL(server.url);
        const connection = await Deno.connect({ hostname, port: Number(port) });
        await connection.write(
          new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        );
        const text = await new Response(connection.readable).text();
        return Number(text.split(" ")[1]);
      };
      assert.equal(await raw("evil.example"), 403);
      assert.equal(await raw(`evil.example:${new URL(server.url).port}`), 403);
      assert.equal(await raw(`localhost:${new URL(server.url).port}`), 200);
      const upgrade = await fetch(`${server.url}/ws`, {
        headers: { origin: "http://evil.example", upgrade: "websocket" },
      });
      assert.equal(upgrade.status, 403);
      await upgrade.body?.cancel();
    });
  });
});
