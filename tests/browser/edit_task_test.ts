/** A task that has not begun is edited in the browser: from its card, its page and by key. */
import assert from "node:assert/strict";
import { becomes, isAccessible, isNoWider, type Visit, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh", max_concurrent: 2 },
  limits: { enabled: false },
};

async function start({ server }: Visit, id: string, fields: Record<string, unknown>): Promise<void> {
  const task = { id, type: "feature", priority: "medium", description: `Do ${id}`, ...fields };
  const { reply } = await server.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function taskOf({ server }: Visit, id: string): Promise<Record<string, unknown>> {
  return (await server.post({ type: "get_task_status", task_id: id })).reply.task as Record<string, unknown>;
}

Deno.test("edit: what a waiting task is to do, when and how; what the form does not show stays", async () => {
  await visit({ config }, async (visit) => {
    const { server, page, go, picture } = visit;
    await start(visit, "gate", { execution: { prompt: "while ! test -e go; do sleep 0.1; done" } });
    const execution = { prompt: "true", permissions: "ask", max_attempts: 2, wait_for_background_ms: 5 };
    const metadata = { owner: "ana", tags: ["nightly"] };
    await start(visit, "later", { dependencies: ["gate"], timeout: 90_000, metadata, execution });

    // The draft of another task is there again afterwards.
    await go("/new");
    await page.getByLabel("What to do").fill("Something else");
    await go("/tasks");
    await page.getByRole("link", { name: "Edit later" }).click();
    await page.getByRole("heading", { name: "Edit task later" }).waitFor();
    await becomes(() => page.getByLabel("What to do").inputValue(), "Do later");
    await becomes(() => page.getByLabel("Timeout").inputValue(), "1 min 30 s");
    assert.equal(await page.getByLabel("Id", { exact: true }).count(), 0);
    await isAccessible(page);
    await picture("task-edit");
    await page.getByLabel("What to do").fill("Do it well");
    await page.getByLabel("Priority").selectOption("critical");
    await page.getByLabel("A dependency is done").selectOption("accepted");
    await page.getByLabel("Taken over from them").selectOption("results");
    await page.getByLabel("Attempts").fill("1000");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByRole("link", { name: "Attempts" }).waitFor();
    await becomes(() => page.evaluate("document.activeElement?.id"), "new-task-execution-max_attempts");
    await page.getByLabel("Attempts").fill("");
    await page.keyboard.press("Control+Enter");
    await page.waitForURL(/#\/tasks\/later$/);
    const task = await taskOf(visit, "later");
    assert.deepEqual(
      [task.description, task.priority, task.timeout, task.dependencies, task.metadata, task.execution],
      ["Do it well", "critical", 90_000, ["gate"], metadata, {
        prompt: "true",
        permissions: "ask",
        after: "accepted",
        inherit: "results",
        wait_for_background_ms: 5,
      }],
    );
    await go("/new");
    await becomes(() => page.getByLabel("What to do").inputValue(), "Something else");

    // By key, and as far as nothing has begun.
    await go("/tasks/later");
    await page.getByRole("heading", { name: "Do it well" }).click();
    await page.keyboard.press("Shift+E");
    await page.getByLabel("A dependency is done").selectOption("");
    await page.setViewportSize({ width: 390, height: 844 });
    await isNoWider(page, 390);
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(/#\/tasks\/later$/);
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("form", { name: "Edit task" }).waitFor();
    await Deno.writeTextFile(`${server.dir}/go`, "");
    await page.getByText("An agent has begun with this task").waitFor();
    await page.getByLabel("What to do").fill("Too late");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Cannot change task 'later': an attempt of it has begun").waitFor();
    await page.getByRole("link", { name: "Leave it as it is" }).click();
    await page.getByRole("heading", { name: "Do it well" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Edit" }).count(), 0);
  });
});
