/** What waits is bounded in sum, and what lists show of it as well. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";

/** As large as one task can be: 0.7 MB. */
const NOTE = "x".repeat(250_000);
const VARIABLES = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`V${i}`, "x".repeat(32_000)]));

const large = (i: number, scheduled_time: string) => ({
  type: "start_task",
  task: {
    id: `large_${i}`,
    type: "testing",
    priority: "low",
    description: "x",
    scheduled_time,
    metadata: { note: NOTE },
    execution: { prompt: "é".repeat(30_000), env: VARIABLES },
  },
});

Deno.test("two hundred tasks of 0.75 MB do not all wait: the rest is told to come back, and a list has 8 MiB", async () => {
  await withApp({ config: { limits: { enabled: false } } }, async (app) => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    let waiting = 0;
    let refused: Record<string, unknown> | undefined;
    for (let i = 0; i < 200 && refused === undefined; i++) {
      const { status, reply } = await app.post(large(i, later));
      if (status === 200) waiting++;
      else {
        assert.equal(status, 429, JSON.stringify(reply));
        refused = reply;
      }
    }
    assert.ok(waiting > 50 && waiting < 150, `${waiting} wait`);
    assert.equal(refused?.code, "RATE_LIMIT_EXCEEDED");
    assert.equal((refused?.details as Record<string, unknown>).limit, "waiting_bytes");

    const response = await fetch(`${app.url}/api`, {
      method: "POST",
      body: JSON.stringify({ type: "list_tasks", limit: 1000 }),
    });
    const text = await response.text();
    assert.ok(text.length < 9 << 20, `the reply has ${text.length} characters`);
    const { tasks, pagination } = JSON.parse(text);
    assert.ok(tasks.length > 0 && pagination.has_more && pagination.next_offset === tasks.length);
    assert.ok(new TextEncoder().encode(tasks[0].execution.prompt).length <= 2048);
    const { reply } = await app.post({ type: "get_task_status", task_id: "large_0" });
    assert.equal((reply.task as { execution: { prompt: string } }).execution.prompt.length, 30_000);

    // What ends makes room, and small tasks were never refused.
    const small = { type: "testing", priority: "low", description: "x", scheduled_time: later };
    assert.equal((await app.post({ type: "start_task", task: { id: "small", ...small } })).status, 200);
    assert.equal((await app.post({ type: "cancel_task", task_id: "large_0" })).status, 200);
    assert.equal((await app.post(large(999, later))).status, 200);
    // A change may not go around the bound either.
    const changes = { metadata: { note: NOTE } };
    const grown: number[] = [];
    for (let i = 0; i < 5; i++) {
      await app.post({ type: "start_task", task: { id: `small_${i}`, ...small } });
      grown.push((await app.post({ type: "update_task", task_id: `small_${i}`, changes })).status);
    }
    assert.ok(grown.includes(429), grown.join());
  });
});
