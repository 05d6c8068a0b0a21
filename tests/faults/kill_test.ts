/**
 * The server is killed (SIGKILL) at random moments, again and again, while clients start tasks whose commands
 * append a line to a file. Afterwards: every acknowledged task is there and was run once, or says that it was
 * attempted again; no attempt ran twice; no process is left over.
 */
import assert from "node:assert/strict";
import { type Message, type TestServer, until, withServer } from "../fixtures/server.ts";

const ROUNDS = Number(Deno.env.get("KILL_ROUNDS") ?? 50);
const TASKS_PER_ROUND = 6;
/** How long the tasks' commands take, so that some are hit in the middle. */
const SLEEP = "0.0631";

Deno.test(`kill -9 at random moments, ${ROUNDS} rounds: nothing lost, nothing repeated unsaid`, async () => {
  const config = {
    limits: { enabled: false },
    agents: {
      append: {
        protocol: "command",
        command: [
          "sh",
          "-c",
          `sleep ${SLEEP}; printf '%s %s\\n' "$TASK_ID" "$TASK_ATTEMPT" >> lines; sleep ${SLEEP}`,
        ],
      },
    },
    tasks: { default_agent: "append", max_concurrent: 3, max_attempts: 100 },
  };
  await withServer({ config }, async (server) => {
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const delay = Math.random() * 500;
      await Promise.race([
        startSome(server, round, acknowledged),
        new Promise((resolve) => setTimeout(resolve, delay)),
      ]);
      await server.stop("SIGKILL");
      await until(async () => await server.processesMatching(`sleep ${SLEEP}`) === 0);
      await server.start();
    }
    const tasks = await finished(server);
    const lines = (await Deno.readTextFile(`${server.dir}/lines`)).trim().split("\n");
    assert.equal(new Set(lines).size, lines.length, "an attempt was run twice");
    const runs = new Map<string, number>();
    for (const line of lines) {
      const id = line.split(" ")[0]!;
      runs.set(id, (runs.get(id) ?? 0) + 1);
    }
    for (const id of acknowledged) {
      const task = tasks.get(id);
      assert.ok(task, `${id} was acknowledged and is lost`);
      assert.equal(task.status, "completed", `${id}: ${JSON.stringify(task)}`);
    }
    let repeated = 0;
    for (const [id, task] of tasks) {
      const attempt = task.attempt as number;
      const count = runs.get(id) ?? 0;
      assert.ok(count >= 1 && count <= attempt, `${id}: ${count} runs in ${attempt} attempts`);
      if (attempt > 1) {
        repeated++;
        assert.equal(task.retry_count, attempt - 1, `${id} was attempted again and does not say so`);
      }
    }
    assert.ok(acknowledged.length > ROUNDS, `only ${acknowledged.length} tasks were acknowledged`);
    console.log(
      `${acknowledged.length} acknowledged, ${tasks.size} in the store, ${repeated} attempted again`,
    );
  });
});

async function startSome(server: TestServer, round: number, acknowledged: string[]): Promise<void> {
  const socket = await server.connect();
  for (let n = 0; n < TASKS_PER_ROUND; n++) {
    const id = `r${round}_${n}`;
    const reply = await socket.request({
      type: "start_task",
      task: { id, type: "testing", priority: "medium", description: id },
    })
      .catch(() => undefined);
    // The connection died with the server; what was not answered may be there or not.
    if (!reply) return;
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
    acknowledged.push(id);
  }
}

async function finished(server: TestServer): Promise<Map<string, Message>> {
  const socket = await server.connect();
  const list = (filter: object) => socket.request({ type: "list_tasks", filter, limit: 1000 });
  await until(async () => {
    const { filtered_count } = await list({ status: ["queued", "running", "pending"] });
    socket.forget();
    return filtered_count === 0;
  }, 60_000);
  const tasks = (await list({})).tasks as Message[];
  return new Map(tasks.map((task) => [task.id as string, task]));
}
