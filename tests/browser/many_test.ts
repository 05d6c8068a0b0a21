/** Many tasks at once in the browser: selected by box, by Shift and by key, acted on together, and each refusal told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Repository } from "../fixtures/repository.ts";
import { becomes, isAccessible, isNoWider, type Visit, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh", max_concurrent: 8 },
  limits: { enabled: false },
};

async function start({ server }: Visit, id: string, prompt: string, execution = {}): Promise<void> {
  const task = {
    id,
    type: "feature",
    priority: "medium",
    description: `Do ${id}`,
    execution: { prompt, ...execution },
  };
  const { reply } = await server.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const card = (page: Page, id: string) =>
  page.getByRole("article").filter({ has: page.locator(`a[href="#/tasks/${id}"]`) });
const box = (page: Page, id: string) => page.getByRole("checkbox", { name: `Select ${id}`, exact: true });
const bar = (page: Page) => page.getByRole("region", { name: "Selected tasks" });
const selected = (page: Page) => bar(page).getByRole("status").innerText();

Deno.test("many: tasks are selected by box, Shift and key; what fits is done to all of them", async () => {
  await visit({ config }, async (visit) => {
    const { page, go, picture } = visit;
    for (const id of ["a1", "a2", "a3", "a4"]) await start(visit, id, "sleep 600");
    for (const id of ["b1", "b2"]) await start(visit, id, "exit 3");
    await go("/tasks?view=list&sort=task");
    await page.getByRole("button", { name: "Failed 2" }).waitFor();
    await page.getByRole("button", { name: "Running 4" }).waitFor();
    await box(page, "a1").click();
    await box(page, "a3").click({ modifiers: ["Shift"] });
    await becomes(() => selected(page), "3 selected");
    await box(page, "a2").click();
    await becomes(() => selected(page), "2 selected");
    await card(page, "b2").getByText("Do b2").click({ modifiers: ["Shift"] });
    await becomes(() => selected(page), "6 selected");
    assert.equal(page.context().pages().length, 1);
    await becomes(() => page.getByRole("checkbox", { checked: true }).count(), 6);
    await bar(page).getByRole("button", { name: "Retry 2" }).waitFor();
    await bar(page).getByRole("button", { name: "Cancel 4" }).waitFor();
    await isAccessible(page);
    await picture("many-selected");
    await page.keyboard.press("Escape");
    await bar(page).waitFor({ state: "detached" });

    await card(page, "a1").getByRole("link").first().focus();
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Shift+X");
    await becomes(() => selected(page), "3 selected");
    await bar(page).getByRole("button", { name: "Cancel 3" }).click();
    const dialog = page.getByRole("dialog", { name: "Cancel 3 tasks?" });
    await dialog.getByRole("button", { name: "Cancel 3" }).click();
    await page.getByRole("button", { name: "Cancelled 3" }).waitFor();
    await page.getByText("Cancelled: 3 tasks").waitFor();
    await bar(page).waitFor({ state: "detached" });

    await go("/tasks");
    await card(page, "b1").hover();
    await box(page, "b1").click();
    await box(page, "b2").click();
    await page.keyboard.press("e");
    await page.getByText("Archived: 2 tasks").waitFor();
    await card(page, "b1").waitFor({ state: "detached" });
    await box(page, "a4").focus();
    await page.keyboard.press("Space");
    await bar(page).getByRole("button", { name: "All 4" }).click();
    await becomes(() => selected(page), "4 selected");
    await page.setViewportSize({ width: 390, height: 844 });
    await isNoWider(page, 390);
    await picture("many-phone");
    await isAccessible(page);
  });
});

Deno.test("many: what cannot be accepted is named with its reason, and stays selected", async () => {
  await visit({ config }, async (visit) => {
    const { server, page, go, picture } = visit;
    const repository = await Repository.create(join(server.dir, "shop"), { "a.txt": "1\n", "b.txt": "1\n" });
    const where = { working_dir: repository.path, isolation: "worktree" };
    for (const [id, file] of [["one", "a.txt"], ["two", "a.txt"], ["three", "b.txt"]] as const) {
      await start(visit, id, `echo ${id} > ${file}`, where);
    }
    await go("/tasks");
    await page.getByRole("heading", { name: "To review 3" }).waitFor();
    await card(page, "one").hover();
    await box(page, "one").click();
    await bar(page).getByRole("button", { name: "All 3" }).click();
    await bar(page).getByRole("button", { name: "Accept 3" }).click();
    const dialog = page.getByRole("dialog", { name: "Accept 3 tasks?" });
    await dialog.getByText("Each becomes one commit on main").waitFor();
    await dialog.getByRole("button", { name: "Accept 3" }).click();
    const refused = bar(page).getByRole("alert");
    await becomes(
      () => refused.innerText(),
      /Could not accept 1 task[\s\S]*Do two[\s\S]*conflicts with 'main': a\.txt/,
    );
    await page.getByText("Accepted: 2 tasks").waitFor();
    await becomes(() => selected(page), "1 selected");
    await isAccessible(page);
    await picture("many-refused");
    assert.equal(await Deno.readTextFile(join(repository.path, "a.txt")), "one\n");
    assert.equal(await Deno.readTextFile(join(repository.path, "b.txt")), "three\n");
  });
});
