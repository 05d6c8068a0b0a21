/** What agents ask: seen in full on cards and pages before it is allowed, for once or always, and denied with a reason. */
import assert from "node:assert/strict";
import { becomes, isAccessible, isNoWider, type Visit, visit } from "./fixtures/browser.ts";

const ASKING_AGENT = new URL("../agents/fixtures/asking_agent.ts", import.meta.url).pathname;
const PHONE = { width: 380, height: 800 };
const asking = {
  protocol: "acp",
  command: [Deno.execPath(), "run", "--no-check", "--no-config", ASKING_AGENT],
};
const CONFIG = {
  agents: { asking },
  tasks: { default_agent: "asking", max_concurrent: 4, permissions: "ask", exclusive_folders: false },
  limits: { enabled: false },
};

type Fields = Record<string, unknown>;

async function start({ server }: Visit, id: string, asked: Fields, more: Fields = {}): Promise<void> {
  const { reply } = await server.post({
    type: "start_task",
    task: {
      id,
      type: "feature",
      priority: "high",
      description: `Do what ${id} is about`,
      execution: { prompt: JSON.stringify({ asked }) },
      ...more,
    },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const COMMAND = `npm publish --tag next --registry ${"x".repeat(80)} --access public`;
const PUBLISH = { title: "npm publish", kind: "execute", rawInput: { command: COMMAND } };
const EDIT = {
  title: "Edit notes.md",
  kind: "edit",
  locations: [{ path: "notes.md" }],
  content: [{ type: "diff", path: "notes.md", oldText: null, newText: "first line\nlast line\n" }],
};

Deno.test("permissions: an answer counts always in a project, is listed with what it counts for, and is forgotten", async () => {
  const path = await Deno.makeTempDir({ prefix: "oa-shop-" });
  try {
    await visit({ config: { ...CONFIG, projects: { shop: { path } } } }, async (visited) => {
      const { page, go, picture } = visited;
      const metadata = { project: "shop" };
      await start(visited, "release", PUBLISH, { metadata });
      await go("/tasks/release");
      const asks = page.getByRole("region", { name: "Permission: npm publish" });
      await asks.getByText(COMMAND, { exact: true }).waitFor();
      const counts = asks.getByRole("combobox", { name: /^This answer counts/ });
      await becomes(
        () => counts.locator("option").allInnerTexts(),
        [
          "Once",
          `Always in this task: ${COMMAND.slice(0, 60)}…`,
          `Always in project shop: ${COMMAND.slice(0, 60)}…`,
        ],
      );
      await counts.selectOption("project");
      await asks.getByText(`For exactly “${COMMAND}”, when asking asks.`).waitFor();
      await isAccessible(page);
      await picture("permission-always");
      await asks.getByRole("button", { name: "Yes" }).click();
      await asks.waitFor({ state: "hidden" });

      await go("/server/remembered");
      const row = page.getByRole("row").filter({ hasText: COMMAND });
      await becomes(() => row.innerText(), /Allow\s+npm publish[\s\S]*project shop\s+asking/);
      await isAccessible(page);
      await picture("remembered");
      // It is answered by itself now.
      await start(visited, "again", PUBLISH, { metadata });
      await go("/tasks/again");
      await page.locator(".task-state .badge", { hasText: "Completed" }).waitFor();
      await go("/server/remembered");
      await row.getByRole("button", { name: "Forget" }).click();
      await page.getByText("No answer is remembered").waitFor();
      await start(visited, "third", PUBLISH, { metadata });
      await go("/tasks/third");
      await page.getByRole("region", { name: "Permission: npm publish" }).waitFor();
    });
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("permissions on a card: the change in full, a denial with a reason; on a phone too", async () => {
  for (const viewport of [undefined, PHONE]) {
    await visit({ config: CONFIG, context: viewport && { viewport } }, async (visited) => {
      const { page, go, picture, server } = visited;
      await start(visited, "writer", EDIT);
      // On a phone, the board shows one column at a time.
      await go(viewport ? "/tasks?view=list" : "/tasks");
      const asks = page.getByRole("group", { name: "Permission for writer" });
      await asks.getByText("Asks: Edit notes.md").waitFor();
      const more = asks.getByText(viewport ? "See it all" : "Always, or with a reason");
      if (viewport) await more.click();
      const whole = asks.getByRole("region", { name: "What it wants to do" });
      await becomes(() => whole.innerText(), /notes\.md[\s\S]*first line[\s\S]*last line/);
      if (!viewport) await more.click();
      await asks.getByLabel("If you deny it, tell the agent").fill("Not there: write docs.md");
      await isAccessible(page);
      await becomes(() => asks.evaluate((element) => element.scrollWidth <= element.clientWidth), true);
      if (viewport) await isNoWider(page, viewport.width);
      await picture(`card-asks${viewport ? "-phone" : ""}`);
      await asks.getByRole("button", { name: "Deny" }).click();
      // The agent is told, and asks for something else.
      await asks.getByText("Asks: ls").waitFor();
      const { reply } = await server.post({ type: "get_conversation", task_id: "writer" });
      const told = (reply.messages as Fields[]).map(({ text }) => text);
      assert.ok(told.includes("Not there: write docs.md"), JSON.stringify(told));
    });
  }
});
