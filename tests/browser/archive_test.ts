/** The archive in the browser: tasks go there from their cards, by key and all together, and come back. */
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh", max_concurrent: 4 },
  limits: { enabled: false },
};

Deno.test("archive: ended tasks go there one by one or together, are found by a filter, and come back by undo", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    for (const id of ["one", "two", "three"]) {
      const execution = { prompt: "true" };
      const task = { id, type: "feature", priority: "medium", description: `Do ${id}`, execution };
      await server.post({ type: "start_task", task });
    }
    const archived = async () => {
      const { reply } = await server.post({ type: "list_tasks", filter: { archived: true } });
      return (reply.tasks as { id: string }[]).map(({ id }) => id).sort();
    };
    const card = (id: string) => page.getByRole("article").filter({ hasText: `Do ${id}` });
    await go("/tasks");
    await page.getByRole("heading", { name: "Done 3" }).waitFor();
    await card("one").getByRole("button", { name: "Archive: one" }).click();
    await card("one").waitFor({ state: "detached" });
    await becomes(archived, ["one"]);
    await page.getByRole("button", { name: /^Undo/ }).click();
    await card("one").waitFor();
    await becomes(archived, []);

    await card("two").getByRole("link").first().focus();
    await page.keyboard.press("e");
    await becomes(archived, ["two"]);
    await card("two").waitFor({ state: "detached" });
    await page.keyboard.press("z");
    await card("two").waitFor();

    await page.getByRole("button", { name: "Archive all" }).click();
    await becomes(archived, ["one", "three", "two"]);
    await page.getByText("No tasks yet").waitFor();
    // Many at once by somebody else.
    const task_ids = ["one", "two", "three"];
    await server.post({ type: "archive_tasks", task_ids, archived: false });
    await page.getByRole("heading", { name: "Done 3" }).waitFor();
    await server.post({ type: "archive_tasks", task_ids });
    await page.getByText("No tasks yet").waitFor();
    await page.getByRole("button", { name: "Archived tasks" }).click();
    await page.waitForURL(/archived=1/);
    await page.reload();
    await page.getByRole("heading", { name: "Done 3" }).waitFor();
    await isAccessible(page);
    await picture("archive");
    await card("three").getByRole("link").first().click();
    await page.locator(".task-state").getByText("Archived").waitFor();
    await page.getByRole("button", { name: "Take out of the archive" }).click();
    await page.locator(".task-state").getByText("Archived").waitFor({ state: "detached" });
    await becomes(archived, ["one", "two"]);
    await go("/tasks?archived=1");
    await page.getByRole("heading", { name: "Done 2" }).waitFor();
    await page.getByRole("button", { name: "Archived", exact: true }).click();
    await page.getByRole("heading", { name: "Done 1" }).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await isNoWider(page, 390);
  });
});
