/** What a connection may pile up: requests that wait, replies that are large, pushes before a follow's reply. */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const LIMIT = 65_536;
const config = {
  limits: { enabled: false, max_message_bytes: LIMIT },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
};
const task = (id: string, prompt: string) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "low", description: id, execution: { prompt } },
});

Deno.test("backpressure", async (t) => {
  await withServer({ config }, async (server) => {
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    await socket.request(
      task("large", `i=0; while [ $i -lt 900 ]; do printf '%07d%09000d\\n' $i 0; i=$((i+1)); done`),
    );
    await socket.next((m) => m.task_id === "large" && m.new_status === "completed");
    const large = { type: "request_log_entries", filter: { agent: "large" }, limit: 1000 };

    await t.step("large replies to a client that asks for many at once all arrive, in order", async () => {
      const reader = await server.connect();
      reader.forget();
      for (let i = 0; i < 12; i++) reader.send({ ...large, request_id: i });
      await reader.next((m) => m.request_id === 11);
      assert.deepEqual(reader.messages.map((m) => m.request_id), Array.from({ length: 12 }, (_, i) => i));
      for (const { data } of reader.messages) {
        assert.ok(((data as Fields).entries as unknown[]).length >= 900);
      }
      await reader.close();
    });

    await t.step("a client that requests but does not read is sent only what it reads", async () => {
      const stalled = await RawSocket.upgrade(server.url);
      await stalled.message();
      const before = Number(await residentBytes(server.url));
      for (let i = 0; i < 30; i++) await stalled.sendText(JSON.stringify({ ...large, request_id: i }));
      // Others are answered meanwhile.
      for (let i = 0; i < 20; i++) assert.equal((await socket.request({ type: "ping" })).type, "pong");
      for (let i = 0; i < 30; i++) assert.equal((await stalled.message()).request_id, i);
      assert.ok(Number(await residentBytes(server.url)) - before < 300 << 20);
      stalled.close();
    });

    // A program that will not end holds up the reply of its cancellation for two seconds.
    const stubborn = async (id: string) => {
      await socket.request(task(id, "trap '' TERM; echo ready; while true; do sleep 0.1; done"));
      await until(async () => {
        const { data } = await socket.request({
          type: "request_log_entries",
          filter: { agent: id, message_contains: "ready" },
        });
        return (data as Fields).filtered_count === 1;
      });
    };
    const padded = (request_id: number) => {
      const text = JSON.stringify({ type: "ping", request_id, padding: "" });
      return text.replace('""', `"${"x".repeat(LIMIT - text.length)}"`);
    };

    await t.step("requests wait behind a slow one, up to eight messages of the greatest size", async () => {
      await stubborn("slow");
      const patient = await server.connect();
      patient.send({ type: "cancel_task", task_id: "slow", request_id: 0 });
      for (let i = 1; i <= 8; i++) patient.send(padded(i));
      await patient.next((m) => m.request_id === 8);
      await patient.close();
    });

    await t.step("more than that, and the connection is closed with 1013", async () => {
      await stubborn("slower");
      const greedy = await server.connect();
      greedy.send({ type: "cancel_task", task_id: "slower", request_id: 0 });
      for (let i = 1; i <= 9; i++) greedy.send(padded(i));
      assert.equal((await greedy.closed).code, 1013);
      assert.deepEqual(greedy.messages.filter((m) => m.type === "pong"), []);
    });
    await socket.close();
  });
});

async function residentBytes(url: string): Promise<string> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((line) => /resident/.test(line) && !line.startsWith("#"));
  assert.ok(line, "no figure of resident memory");
  return line.split(" ")[1]!;
}
