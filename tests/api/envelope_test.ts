/**
 * The frame of every message, as a specification: who may connect how, what is no message, what a reply carries
 * (contract, section 3).
 */
import assert from "node:assert/strict";
import type { ErrorCode } from "../../src/domain/errors.ts";
import { RawSocket, TEXT } from "../fixtures/raw_socket.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const LIMIT = 65_536;
const config = {
  limits: { enabled: false, max_message_bytes: LIMIT },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh" },
};
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A ping of exactly so many bytes. */
function pingOf(bytes: number): string {
  const empty = '{"type":"ping","padding":""}';
  return `{"type":"ping","padding":"${"x".repeat(bytes - empty.length)}"}`;
}

async function answer(server: Door, text: string): Promise<Message> {
  const socket = await server.connect();
  socket.forget();
  socket.send(text);
  const reply = await socket.next(() => true);
  await socket.close();
  return reply;
}

function errorOf(reply: Fields): { code: string; details: Fields } {
  assert.equal(reply.type, "error", JSON.stringify(reply).slice(0, 300));
  assert.equal(typeof reply.message, "string");
  assert.match(reply.timestamp as string, TIME);
  return reply as unknown as { code: string; details: Fields };
}

Deno.test("the start of a connection", async (t) => {
  await withApp({ config }, async (server) => {
    await t.step("it is greeted with the version and the time, and nothing else is pushed", async () => {
      const socket = await server.connect();
      const [greeting] = socket.messages;
      assert.equal(greeting!.type, "connection_established");
      assert.match(greeting!.server_version as string, /^\d+\.\d+\.\d+/);
      assert.match(greeting!.timestamp as string, TIME);
      await socket.request({ type: "ping" });
      assert.equal(socket.messages.length, 2);
      await socket.close();
    });

    const offers: [string[], string | null][] = [
      [[], null],
      [["Sec-WebSocket-Protocol: opencode-agents.v1"], "opencode-agents.v1"],
      [["Sec-WebSocket-Protocol: a, opencode-agents.v1"], "opencode-agents.v1"],
      [["Sec-WebSocket-Protocol: a,opencode-agents.v1"], "opencode-agents.v1"],
      [["Sec-WebSocket-Protocol: opencode-agents.v1,b"], "opencode-agents.v1"],
      [["Sec-WebSocket-Protocol: opencode-agents.v2"], null],
      [["Sec-WebSocket-Protocol: my-opencode-agents.v1"], null],
    ];
    for (const [header, selected] of offers) {
      await t.step(
        `offered ${header[0] ?? "no subprotocol"}: ${selected ?? "none"} is selected`,
        async () => {
          const raw = await RawSocket.upgrade(server.url, header);
          assert.equal(raw.status, 101);
          // Deno 2.4 cannot name it for a list without spaces; accepting without one is what it may do.
          const mayLack = header[0]?.includes(",o") || header[0]?.includes(",b");
          const given = raw.headers.get("sec-websocket-protocol");
          if (!(mayLack && Deno.version.deno.startsWith("2.4."))) assert.equal(given, selected);
          assert.equal((await raw.message()).type, "connection_established");
          raw.close();
        },
      );
    }

    await t.step("an invalid upgrade is refused", async () => {
      const wrong = [
        ["Sec-WebSocket-Key:"],
        ["Connection: keep-alive"],
        ["Upgrade: h2c"],
        ["Upgrade:", "Connection:"],
      ];
      for (const headers of wrong) {
        const raw = await RawSocket.upgrade(server.url, headers);
        assert.ok(raw.status >= 400 && raw.status < 500, `${headers}: ${raw.status}`);
        raw.close();
      }
    });
  });
});

Deno.test("a refused upgrade does not count as a connection", async () => {
  const limits = { connections: 2, connections_per_second: 1000, reconnections_per_minute: 1000 };
  await withApp({ config: { limits } }, async (server) => {
    for (let i = 0; i < 5; i++) {
      const raw = await RawSocket.upgrade(server.url, ["Sec-WebSocket-Key:"]);
      assert.notEqual(raw.status, 429);
      raw.close();
    }
    const [one, two] = [await server.connect(), await server.connect()];
    const third = await RawSocket.upgrade(server.url);
    assert.equal(third.status, 429);
    third.close();
    await one.close();
    await two.close();
  });
});

Deno.test("nested 100,000 deep, with the default limit", async () => {
  await withApp({ config: { limits: { enabled: false } } }, async (server) => {
    const deep = 100_000;
    for (
      const text of [
        "[".repeat(deep),
        "[".repeat(deep) + "]".repeat(deep),
        `{"type":"ping","x":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`,
      ]
    ) {
      assert.equal((await answer(server, text)).code, "INVALID_JSON");
      const response = await fetch(`${server.url}/api`, { method: "POST", body: text });
      assert.deepEqual([response.status, (await response.json()).code], [400, "INVALID_JSON"]);
    }
  });
});

Deno.test("one message and its reply", async (t) => {
  await withApp({ config }, async (server) => {
    await t.step(
      "ping: timestamp and request_id come back as they were sent; without one, the server's timestamp",
      async () => {
        for (const request_id of ["a", "", "x".repeat(100), "😀".repeat(100), 7, 0, -1.5]) {
          const reply = await answer(server, JSON.stringify({ type: "ping", timestamp: 5, request_id }));
          assert.deepEqual([reply.type, reply.timestamp, reply.request_id], ["pong", 5, request_id]);
          assert.match(reply.server_time as string, TIME);
        }
        assert.ok(!("request_id" in await answer(server, '{"type":"ping"}')));
        assert.equal(typeof (await answer(server, '{"type":"ping"}')).timestamp, "number");
      },
    );

    await t.step("an error carries the request_id too", async () => {
      const reply = await answer(server, '{"type":"nonsense_of_all_kinds","request_id":"e1"}');
      assert.equal(reply.request_id, "e1");
      assert.ok(((reply.details as Fields).expected as string[]).includes("start_task"));
      assert.ok(!("request_id" in await answer(server, '{"type":"ping","request_id":1e400}')));
      assert.equal(errorOf(reply).details.suggestion, undefined);
    });

    const refused: [string, ErrorCode, Fields][] = [
      ["", "INVALID_JSON", {}],
      ["{", "INVALID_JSON", {}],
      ["{'type':'ping'}", "INVALID_JSON", {}],
      ['{"type":"ping"}{"type":"ping"}', "INVALID_JSON", {}],
      ["NaN", "INVALID_JSON", {}],
      ["[]", "INVALID_FIELD_TYPE", { field: "(root)" }],
      ['[{"type":"ping"}]', "INVALID_FIELD_TYPE", { field: "(root)" }],
      ["null", "INVALID_FIELD_TYPE", { field: "(root)" }],
      ['"ping"', "INVALID_FIELD_TYPE", { field: "(root)" }],
      ["17", "INVALID_FIELD_TYPE", { field: "(root)" }],
      ["true", "INVALID_FIELD_TYPE", { field: "(root)" }],
      ["{}", "MISSING_REQUIRED_FIELD", { field: "type" }],
      ['{"type":null}', "INVALID_FIELD_TYPE", { field: "type" }],
      ['{"type":["ping"]}', "INVALID_FIELD_TYPE", { field: "type" }],
      ['{"type":""}', "UNKNOWN_MESSAGE_TYPE", { value: "" }],
      ['{"type":"pnig"}', "UNKNOWN_MESSAGE_TYPE", { value: "pnig", suggestion: "ping" }],
      ['{"type":"list_task"}', "UNKNOWN_MESSAGE_TYPE", { value: "list_task", suggestion: "list_tasks" }],
      ['{"type":"START_TASK"}', "UNKNOWN_MESSAGE_TYPE", { value: "START_TASK" }],
      ['{"type":"toString"}', "UNKNOWN_MESSAGE_TYPE", { value: "toString" }],
      ['{"type":"__proto__"}', "UNKNOWN_MESSAGE_TYPE", { value: "__proto__" }],
      ['{"__proto__":{"type":"ping"}}', "MISSING_REQUIRED_FIELD", { field: "type" }],
      ['{"type":"ping","request_id":null}', "INVALID_FIELD_TYPE", { field: "request_id" }],
      ['{"type":"ping","request_id":true}', "INVALID_FIELD_TYPE", { field: "request_id" }],
      [
        `{"type":"ping","request_id":"${"x".repeat(101)}"}`,
        "INVALID_FIELD_VALUE",
        { field: "request_id" },
      ],
      ['{"type":"ping","timestamp":null}', "INVALID_FIELD_TYPE", { field: "timestamp", expected: "number" }],
    ];
    for (const [text, code, expected] of refused) {
      await t.step(`${JSON.stringify(text.slice(0, 50))} is ${code}`, async () => {
        const found = errorOf(await answer(server, text));
        assert.equal(found.code, code);
        for (const [name, value] of Object.entries(expected)) {
          assert.deepEqual(found.details[name], value, name);
        }
      });
    }

    await t.step("a long value is cut at 200 characters", async () => {
      const { details } = errorOf(await answer(server, JSON.stringify({ type: "y".repeat(5000) })));
      assert.ok(Array.from(details.value as string).length <= 200, String((details.value as string).length));
    });

    await t.step("deeper nesting than any message has, closed or not, in any place", async () => {
      const socket = await server.connect();
      const arrays = "[".repeat(LIMIT / 2 - 50);
      for (
        const text of [
          "[".repeat(LIMIT),
          '{"a":'.repeat(10_000),
          `${arrays}${"]".repeat(arrays.length)}`,
          `{"type":"ping","x":${arrays}${"]".repeat(arrays.length)}}`,
        ]
      ) {
        socket.forget();
        socket.send(text);
        assert.equal(errorOf(await socket.next(() => true)).code, "INVALID_JSON");
      }
      await socket.close();
    });

    await t.step("brackets inside a string do not count as nesting", async () => {
      const text = `{"type":"ping","note":"${"[".repeat(5000)}\\"${"{".repeat(5000)}","timestamp":1}`;
      assert.equal((await answer(server, text)).type, "pong");
    });

    await t.step("a binary frame is not JSON, and the connection stays open", async () => {
      const socket = await server.connect();
      socket.forget();
      socket.sendBytes(new TextEncoder().encode('{"type":"ping","request_id":1}'));
      socket.send({ type: "ping", request_id: 2 });
      const reply = await socket.next((m) => m.request_id === 2);
      assert.deepEqual(socket.messages.map((m) => m.code ?? m.type), ["INVALID_JSON", "pong"]);
      assert.equal(reply.type, "pong");
      await socket.close();
    });

    await t.step(
      "a frame of exactly max_message_bytes is taken, one byte more closes with 1009",
      async () => {
        const socket = await server.connect();
        socket.forget();
        assert.equal(pingOf(LIMIT).length, LIMIT);
        socket.send(pingOf(LIMIT));
        assert.equal((await socket.next(() => true)).type, "pong");
        socket.send(pingOf(LIMIT + 1));
        assert.equal((await socket.closed).code, 1009);
        const binary = await server.connect();
        binary.sendBytes(new Uint8Array(LIMIT + 1));
        assert.equal((await binary.closed).code, 1009);
        // Bytes are what counts, not characters.
        const other = await server.connect();
        other.send(pingOf(LIMIT - 100).replace("xx".repeat(100), "ää".repeat(100)));
        assert.equal((await other.closed).code, 1009);
      },
    );

    await t.step("a text frame that is not UTF-8 ends the connection, and nothing else", async () => {
      const raw = await RawSocket.upgrade(server.url);
      await raw.message();
      await raw.sendFrame(TEXT, new Uint8Array([0x22, 0xff, 0xfe, 0x22]));
      // 1007 is what is due; Deno hangs up without a close frame before it tells us, so that none can be sent.
      assert.ok([1007, undefined].includes(await raw.closeCode()));
      raw.close();
      assert.equal((await answer(server, '{"type":"ping"}')).type, "pong");
    });

    await t.step("__proto__ is a field like any other and changes nothing", async () => {
      const reply = await answer(
        server,
        '{"type":"start_task","__proto__":{"polluted":true},"task":{"id":"proto","type":"testing",' +
          '"priority":"low","description":"d","execution":{"prompt":"print done"},' +
          '"metadata":{"__proto__":{"polluted":true},"constructor":{"prototype":{}},"kept":1}}}',
      );
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      assert.equal(((reply.task as Fields).metadata as Fields).kept, 1);
      const wrong = await answer(
        server,
        '{"type":"start_task","task":{"id":"proto2","type":"testing","priority":"low",' +
          '"description":"d","__proto__":{"polluted":true}}}',
      );
      assert.ok(["task_started", "error"].includes(wrong.type), JSON.stringify(wrong));
      assert.ok(!JSON.stringify(await answer(server, '{"type":"ping"}')).includes("polluted"));
    });

    await t.step("half a surrogate pair is replaced, in values, keys and request_id", async () => {
      const reply = await answer(
        server,
        '{"type":"start_task","request_id":"\\ud800","task":{"id":"half","type":"testing","priority":"low",' +
          '"description":"a\\udfffb","execution":{"prompt":"print done"},"metadata":{"k\\ud800":"v\\uDBFF","pair":"\\ud83d\\ude00"}}}',
      );
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      assert.equal(reply.request_id, "\ufffd");
      const { description, metadata } = reply.task as Fields;
      assert.equal(description, "a\ufffdb");
      assert.deepEqual(metadata, { "k\ufffd": "v\ufffd", pair: "😀" });
    });
  });
});

Deno.test("many messages and their replies", async (t) => {
  await withApp({ config }, async (server) => {
    await t.step("replies come in the order of the requests, slow and quick, good and bad", async () => {
      const socket = await server.connect();
      socket.forget();
      const kinds: ((request_id: number) => unknown)[] = [
        (request_id) => ({ type: "request_system_resources", request_id }),
        (request_id) => ({ type: "ping", request_id }),
        (request_id) => ({ type: "batch", requests: [{ type: "request_log_entries" }], request_id }),
        (request_id) => ({ type: "nonsense", request_id }),
        (request_id) => ({
          type: "start_task",
          request_id,
          task: {
            id: `o${request_id}`,
            type: "testing",
            priority: "low",
            description: "d",
            execution: { prompt: "print done" },
          },
        }),
        (request_id) => ({ type: "get_task_status", task_id: `o${request_id - 1}`, request_id }),
      ];
      const count = 60;
      for (let i = 0; i < count; i++) socket.send(kinds[i % kinds.length]!(i));
      await socket.next((m) => m.request_id === count - 1);
      assert.deepEqual(socket.messages.map((m) => m.request_id), Array.from({ length: count }, (_, i) => i));
      // Each was carried out before the next: the task of the request before is there.
      for (const { request_id, type } of socket.messages) {
        if (Number(request_id) % 6 === 5) assert.equal(type, "task_status");
      }
      await socket.close();
    });

    await t.step("batch: answered in order, each member independently, with its own request_id", async () => {
      const task = {
        id: "b",
        type: "testing",
        priority: "low",
        description: "d",
        execution: { prompt: "print done" },
      };
      const reply = await answer(
        server,
        JSON.stringify({
          type: "batch",
          request_id: "whole",
          requests: [
            { type: "get_task_status", task_id: "b", request_id: 0 },
            { type: "start_task", task, request_id: "one" },
            { type: "start_task", task },
            null,
            [],
            { type: "pong" },
            { type: "batch", requests: [{ type: "ping" }], request_id: 6 },
            { type: "get_task_status", task_id: "b", request_id: 7 },
          ],
        }),
      );
      assert.deepEqual([reply.type, reply.request_id], ["batch_result", "whole"]);
      const responses = reply.responses as Message[];
      assert.deepEqual(responses.map((r) => r.code ?? r.type), [
        "TASK_NOT_FOUND",
        "task_started",
        "TASK_ALREADY_EXISTS",
        "INVALID_FIELD_TYPE",
        "INVALID_FIELD_TYPE",
        "UNKNOWN_MESSAGE_TYPE",
        "INVALID_FIELD_VALUE",
        "task_status",
      ]);
      assert.deepEqual(responses.map((r) => r.request_id), [
        0,
        "one",
        undefined,
        undefined,
        undefined,
        undefined,
        6,
        7,
      ]);
    });

    await t.step("batch: 1 to 50 members", async () => {
      const of = (count: number) =>
        answer(server, JSON.stringify({ type: "batch", requests: Array(count).fill({ type: "ping" }) }));
      assert.equal(((await of(50)).responses as unknown[]).length, 50);
      assert.equal(((await of(1)).responses as unknown[]).length, 1);
      for (const count of [0, 51]) {
        const { code, details } = errorOf(await of(count));
        assert.deepEqual([code, details.field], ["INVALID_FIELD_VALUE", "requests"]);
      }
      const missing = errorOf(await answer(server, '{"type":"batch"}'));
      assert.deepEqual([missing.code, missing.details.field], ["MISSING_REQUIRED_FIELD", "requests"]);
      const wrong = errorOf(await answer(server, '{"type":"batch","requests":{}}'));
      assert.deepEqual([wrong.code, wrong.details.field], ["INVALID_FIELD_TYPE", "requests"]);
    });
  });
});
