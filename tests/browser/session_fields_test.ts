/** The form's fields for an agent's session, its MCP servers and delegation, and where the task's page shows them. */
import assert from "node:assert/strict";
import { frank } from "../agents/fixtures/acp_run.ts";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const KEEPS = { loadSession: true, sessionCapabilities: { list: {} }, mcpCapabilities: { http: true } };
const config = {
  agents: {
    frank: {
      protocol: "acp",
      command: frank(KEEPS, "everywhere"),
      pass_env: ["DENO_DIR"],
      profile: "claude",
    },
    bare: { protocol: "acp", command: frank({}), pass_env: ["DENO_DIR"] },
  },
  tasks: { default_agent: "frank" },
  limits: { enabled: false },
};

Deno.test("new task: a session is chosen from the agent's list, with MCP servers and delegation", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/new");
    await page.getByLabel("What to do").fill("go");
    await page.locator("summary", { hasText: "More" }).click();
    const session = page.getByLabel("Go on with a session", { exact: true });
    const list = page.getByRole("button", { name: "List sessions" });
    const agent = page.getByLabel("Agent", { exact: true });
    const folder = page.getByLabel("Folder", { exact: true });
    await agent.fill("bare");
    await list.click();
    await page.getByText("Agent 'bare' has no list of its sessions").waitFor();
    await agent.fill("frank");
    await folder.fill(server.dir);
    await list.click();
    await page.getByText("1 found: choose one.").waitFor();
    const options = page.locator("datalist#sessions-of-agent option");
    assert.equal(await options.getAttribute("value"), "s1");
    assert.match(await options.innerText(), /^The s1 one · /);
    await folder.fill("");
    await session.fill("s1");
    await becomes(() => folder.inputValue(), server.dir);

    const servers = page.getByLabel("MCP servers", { exact: true });
    await servers.fill('{"name": "docs"}');
    await page.getByRole("button", { name: "Start task" }).click();
    await page.getByText(/Write a list in JSON, such as/).first().waitFor();
    await servers.fill(
      '[{"name": "docs", "url": "http://127.0.0.1:1/mcp", "headers": {"Authorization": "s3cret"}}]',
    );
    await page.getByLabel("Delegation", { exact: true }).selectOption("yes");
    await picture("new-task-session");
    await isAccessible(page);
    await page.getByRole("button", { name: "Start task" }).click();
    await page.waitForURL(/#\/tasks\/go$/);
    await becomes(async () => {
      const { reply } = await server.post({ type: "get_task_status", task_id: "go" });
      return (reply.task as Record<string, unknown>).status;
    }, "completed");
    const { reply } = await server.post({ type: "get_task_result", task_id: "go" });
    const { opened } = JSON.parse((reply.result as { output: string }).output);
    assert.equal(opened.sessionId, "s1");
    assert.deepEqual(opened.mcpServers.map(({ name }: { name: string }) => name), [
      "docs",
      "opencode-agents",
    ]);

    await go("/tasks/go?tab=details");
    const facts = page.locator("dl");
    await facts.getByText("may start tasks for other agents").waitFor();
    await facts.getByText("docs", { exact: true }).waitFor();
    await facts.getByText("claude --resume s1", { exact: true }).waitFor();
    await picture("task-session");
    await isAccessible(page);
    await page.setViewportSize({ width: 380, height: 800 });
    await isNoWider(page, 380);
    await picture("task-session-phone");
  });
});
