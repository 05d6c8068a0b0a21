/** Checks in the form of a new task, and on the timeline of the task's page. */
import assert from "node:assert/strict";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "echo done"] } },
  tasks: { default_agent: "sh" },
  checks: { fine: ["true"] },
  limits: { enabled: false },
};

Deno.test("checks: written in the form, one a line, and shown with what they printed", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/new");
    await page.getByLabel("What to do").fill("go");
    await page.locator("summary", { hasText: "More" }).click();
    await page.getByLabel("Checks", { exact: true }).fill("fine\nsh -c 'echo two is missing; exit 3'\n");
    await isAccessible(page);
    await picture("new-task-checks");
    await page.getByRole("button", { name: "Start task" }).click();
    await page.waitForURL(/#\/tasks\/go$/);
    await becomes(async () => {
      const { reply } = await server.post({ type: "get_task_status", task_id: "go" });
      return (reply.task as Record<string, unknown>).status;
    }, "failed");
    const { reply } = await server.post({ type: "get_task_status", task_id: "go" });
    const { execution } = reply.task as { execution: Record<string, unknown> };
    assert.deepEqual(execution.checks, ["fine", ["sh", "-c", "echo two is missing; exit 3"]]);
    const checks = page.getByRole("list", { name: "Checks" });
    await checks.getByText("two is missing", { exact: true }).waitFor();
    await checks.getByText("exit code 3").waitFor();
    await checks.getByText("passed").waitFor();
    await picture("task-checks");
    await isAccessible(page);
    await page.setViewportSize({ width: 380, height: 800 });
    await isNoWider(page, 380);
    await go("/tasks/go?tab=details");
    await page.locator("dl").getByText('fine, sh -c "echo two is missing; exit 3"').waitFor();
  });
});
