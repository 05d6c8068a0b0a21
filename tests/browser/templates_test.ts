/** The templates' page: filling in the blanks and starting the task; the deliveries of its hook. */
import assert from "node:assert/strict";
import { becomes, isAccessible, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
  limits: { enabled: false },
  templates: {
    greet: {
      description: "Greets somebody",
      params: { who: { pattern: "[a-z]+" }, how: { default: "hello" } },
      task: { description: "echo {{how}} {{who}}" },
      trigger: { secret_env: "HOME", params: { who: "who" } },
    },
  },
};

Deno.test("templates: one is found from a new task, refused with its reason, started; its hook shows what came", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    const refused = await fetch(`${server.url}/hooks/greet`, { method: "POST", body: "{}" });
    await refused.body?.cancel();
    assert.equal(refused.status, 401);
    await go("/new");
    await page.getByRole("link", { name: "greet" }).click();
    const form = page.getByRole("form", { name: "Start greet" });
    await form.getByLabel("who").fill("Nobody 1");
    await picture("templates");
    await page.getByText("What it starts").click();
    await page.getByText("echo {{how}} {{who}}", { exact: true }).waitFor();
    await isAccessible(page);
    await page.getByText("Nothing has come yet.").waitFor();
    await form.getByRole("button", { name: "Start task" }).click();
    await form.getByText(/params\.who/).waitFor();
    await form.getByLabel("who").fill("ana");
    await form.getByRole("button", { name: "Start task" }).click();
    await page.waitForURL(/#\/tasks\/greet_/);
    await becomes(() => page.getByText("hello ana").first().isVisible(), true);
  });
});
