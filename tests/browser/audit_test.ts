/** The page of the audit log. */
import assert from "node:assert/strict";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const config = { audit: { enabled: true }, limits: { enabled: false } };
const LATER = new Date(Date.now() + 3_600_000).toISOString();

function task(id: string) {
  return {
    type: "start_task",
    task: { id, type: "testing", priority: "low", description: id, scheduled_time: LATER },
  };
}

Deno.test("audit: who did what, narrowed by a click and by fields, in pages; the chain is verified", async () => {
  await visit({ config }, async ({ page, go, server, picture }) => {
    for (let i = 0; i < 120; i++) await server.post(task(`t${i}`));
    await server.post({ type: "cancel_task", task_id: "nowhere" });
    await server.post({ type: "pause_task", task_id: "t7" });
    await go("/server/audit");
    const rows = page.getByRole("region", { name: "Entries" }).locator("tbody tr");
    await becomes(() => rows.first().innerText(), /anonymous\s+127\.0\.0\.1\s+pause_task\s+t7\s+done/);
    assert.equal(await rows.count(), 100);
    await page.getByRole("button", { name: "Older entries" }).click();
    await becomes(() => rows.count(), 122);
    await isAccessible(page);
    await picture("audit");

    await page.getByRole("group", { name: "Outcome" }).getByRole("button", { name: "Failed" }).click();
    await becomes(() => rows.count(), 1);
    assert.match(await rows.first().innerText(), /cancel_task\s+nowhere\s+failed\s+TASK_NOT_FOUND/);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await rows.first().getByRole("button", { name: "t7" }).click();
    await becomes(() => rows.count(), 2);
    assert.match(page.url(), /target=t7/);
    await page.getByLabel("About").fill("t99");
    await page.keyboard.press("Enter");
    await becomes(() => rows.count(), 1);
    await page.getByLabel("Action").fill("nothing");
    await page.keyboard.press("Enter");
    await page.getByText("No entries").waitFor();

    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText(/122 entries in order, head [0-9a-f]{12}/).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await becomes(() => rows.count(), 100);
    await page.setViewportSize({ width: 380, height: 800 });
    await isNoWider(page, 380);
  });
});

Deno.test("audit: a server without an audit log says so", async () => {
  await visit({ config: {} }, async ({ page, go }) => {
    await go("/server/audit");
    await page.getByText("This server keeps no audit log").waitFor();
    await isAccessible(page);
  });
});
