/** The message that opens a pull request, through the doors. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";

Deno.test("create_pull_request: no task, a task without a worktree, and names that git takes for options", async () => {
  await withApp({ config: { limits: { enabled: false } } }, async (app) => {
    const execution = { prompt: "print done" };
    const task = { id: "plain", type: "testing", priority: "low", description: "x", execution };
    await app.post({ type: "start_task", task });
    const unknown = await app.post({ type: "create_pull_request", task_id: "none" });
    assert.deepEqual([unknown.reply.code, unknown.status], ["TASK_NOT_FOUND", 404]);
    const plain = await app.post({ type: "create_pull_request", task_id: "plain" });
    assert.equal(plain.reply.code, "INVALID_FIELD_VALUE");
    assert.equal((plain.reply.details as { field: string }).field, "task_id");
    for (
      const [field, value] of [["remote", "--mirror"], ["into", "-x"], ["into", "a b"], [
        "title",
        "",
      ]] as const
    ) {
      const { reply } = await app.post({ type: "create_pull_request", task_id: "plain", [field]: value });
      assert.match(String(reply.code), /^INVALID_FIELD_/);
      assert.equal((reply.details as { field: string }).field, field);
    }
  });
});
