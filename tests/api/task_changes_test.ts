/** The messages about what a task has changed, through the doors. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";

const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted" },
};

function task(id: string, prompt: string) {
  return { id, type: "feature", priority: "medium", description: `Do ${id}`, execution: { prompt } };
}

const MESSAGES = [
  { type: "get_task_changes" },
  { type: "get_review" },
  { type: "save_review", comments: [] },
];

Deno.test("task changes: of no task, of one outside a repository, and of one that has not begun", async () => {
  await withApp({ config }, async (app) => {
    await app.post({ type: "start_task", task: task("outside", "print done") });
    const later = {
      ...task("later", "print done"),
      scheduled_time: new Date(Date.now() + 3e6).toISOString(),
    };
    await app.post({ type: "start_task", task: later });
    for (const message of MESSAGES) {
      const unknown = await app.post({ ...message, task_id: "none" });
      assert.deepEqual([unknown.reply.code, unknown.status], ["TASK_NOT_FOUND", 404]);
      for (const task_id of ["outside", "later"]) {
        const { reply } = await app.post({ ...message, task_id });
        assert.equal(reply.code, "INVALID_FIELD_VALUE", message.type);
        assert.equal((reply.details as { field: string }).field, "task_id");
      }
    }
  });
});

Deno.test("task changes: what is asked for is checked", async () => {
  await withApp({ config }, async (app) => {
    const comment = { path: "a", line: 1, text: "x" };
    for (
      const [message, code, field] of [
        [{ type: "get_task_changes", context: 101 }, "INVALID_FIELD_VALUE", "context"],
        [{ type: "get_task_changes", since: "yesterday" }, "INVALID_FIELD_VALUE", "since"],
        [{ type: "get_task_changes", path: "" }, "INVALID_FIELD_VALUE", "path"],
        [{ type: "get_task_changes", patch: "no" }, "INVALID_FIELD_TYPE", "patch"],
        [
          { type: "save_review", comments: [{ ...comment, line: 0 }] },
          "INVALID_FIELD_VALUE",
          "comments[0].line",
        ],
        [
          { type: "save_review", comments: [{ ...comment, line: 4, end_line: 3 }] },
          "INVALID_FIELD_VALUE",
          "comments[0].end_line",
        ],
        [
          { type: "save_review", comments: [{ ...comment, text: "x".repeat(4001) }] },
          "INVALID_FIELD_VALUE",
          "comments[0].text",
        ],
        [{ type: "save_review", comments: new Array(201).fill(comment) }, "INVALID_FIELD_VALUE", "comments"],
        [
          { type: "save_review", viewed: [{ path: "a", blob: "xyz" }] },
          "INVALID_FIELD_FORMAT",
          "viewed[0].blob",
        ],
      ] as const
    ) {
      const { reply } = await app.post({ ...message, task_id: "none" });
      assert.deepEqual([reply.code, (reply.details as { field: string }).field], [code, field]);
    }
  });
});
