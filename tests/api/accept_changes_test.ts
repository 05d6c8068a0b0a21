/** The messages by which changes are accepted and discarded, through the doors. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";

Deno.test("accept_changes and discard_changes: a task without a worktree, and no task at all", async () => {
  await withApp({ config: { limits: { enabled: false } } }, async (app) => {
    const task = {
      id: "plain",
      type: "testing",
      priority: "low",
      description: "x",
      execution: { prompt: "finish" },
    };
    await app.post({ type: "start_task", task });
    for (const type of ["accept_changes", "discard_changes", "update_workspace"]) {
      const unknown = await app.post({ type, task_id: "none" });
      assert.deepEqual([unknown.reply.code, unknown.status], ["TASK_NOT_FOUND", 404]);
      const running = await app.post({ type, task_id: "plain" });
      assert.equal(running.reply.code, "INVALID_FIELD_VALUE");
      assert.equal((running.reply.details as { field: string }).field, "task_id");
    }
  });
});

Deno.test("list_worktrees and prune_worktrees: a server without worktrees has none", async () => {
  await withApp({ config: { limits: { enabled: false } } }, async (app) => {
    const listed = await app.post({ type: "list_worktrees" });
    assert.deepEqual([listed.reply.type, listed.reply.worktrees], ["worktree_list", []]);
    const pruned = await app.post({ type: "prune_worktrees", older_than_days: 0.5, dry_run: true });
    assert.deepEqual([pruned.reply.type, pruned.reply.worktrees, pruned.reply.left], [
      "worktrees_pruned",
      [],
      [],
    ]);
  });
});
