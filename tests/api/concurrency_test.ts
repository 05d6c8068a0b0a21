/** Keys of `tasks.concurrency`: how many tasks that share something run at once. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

Deno.test("tasks of one owner run one after the other, others pass them, and the waiting one says why", async () => {
  const config = {
    limits: { enabled: false },
    agents: { scripted: SCRIPTED },
    tasks: {
      default_agent: "scripted",
      max_concurrent: 10,
      concurrency: [{ by: "owner", limit: 1 }, { by: "type", limit: 1, only: ["testing"] }, {
        by: "working_dir",
        limit: 2,
        only: ["busy"],
      }],
    },
  };
  await withApp({ config }, async (app) => {
    await Deno.mkdir(`${app.dir}/busy`);
    await Deno.symlink(`${app.dir}/busy`, `${app.dir}/link`);
    const socket = await app.connect();
    const start = (id: string, more: Fields, execution: Fields = {}) =>
      socket.request({
        type: "start_task",
        task: {
          id,
          type: "feature",
          priority: "medium",
          description: id,
          execution: { prompt: `wait ${id}`, ...execution },
          ...more,
        },
      });
    const statusOf = async (id: string) =>
      (await socket.request({ type: "get_task_status", task_id: id })).task as Fields;
    const runs = (id: string) => until(async () => (await statusOf(id)).status === "running");
    await start("a1", { metadata: { owner: "ann" } });
    await runs("a1");
    await start("a2", { metadata: { owner: "ann" } });
    await start("b1", { metadata: { owner: "bob" } });
    await start("none", {});
    await runs("b1");
    await runs("none");
    const waits = await statusOf("a2");
    assert.equal(waits.status, "queued");
    assert.deepEqual(waits.waiting_for, { kind: "concurrency", by: "owner", task_ids: ["a1"] });
    await start("t1", { type: "testing" });
    await runs("t1");
    await start("t2", { type: "testing" });
    assert.deepEqual((await statusOf("t2")).waiting_for, {
      kind: "concurrency",
      by: "type",
      task_ids: ["t1"],
    });
    await start("f1", {}, { working_dir: "busy" });
    await start("f2", {}, { working_dir: "link" });
    await runs("f2");
    await start("f3", {}, { working_dir: `${app.dir}/link` });
    const third = (await statusOf("f3")).waiting_for as Fields;
    assert.deepEqual([third.by, (third.task_ids as string[]).toSorted()], ["working_dir", ["f1", "f2"]]);
    app.agents.open("a1");
    await runs("a2");
    for (const id of ["a2", "b1", "none", "t1", "t2", "f1", "f2", "f3"]) app.agents.open(id);
    await until(async () => (await statusOf("f3")).status === "completed");
  });
});
