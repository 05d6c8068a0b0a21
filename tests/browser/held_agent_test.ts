/** An agent whose provider refuses it for a time: its cards and the agents' page say when it goes on, and a button releases it. */
import assert from "node:assert/strict";
import { becomes, isAccessible, visit } from "./fixtures/browser.ts";

/** Once, for some hours. */
const limited = () => {
  const until = Math.floor(Date.now() / 1000) + 3 * 3600;
  return `test -e done && exit; touch done; echo 'Claude AI usage limit reached|${until}'; exit 1`;
};

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"], profile: "claude" } },
  tasks: { default_agent: "sh" },
  limits: { enabled: false },
};

Deno.test("a held agent shows when it goes on, on its tasks' cards and on the agents' page, and is released there", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    const post = async (message: object) => (await server.post(message)).reply;
    const start = async (id: string, prompt: string) => {
      const task = {
        id,
        type: "feature",
        priority: "medium",
        description: `Part ${id}`,
        execution: { prompt },
      };
      const reply = await post({ type: "start_task", task });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
    };
    const statusOf = (task_id: string) => async () =>
      ((await post({ type: "get_task_status", task_id })).task as { status: string }).status;
    await go("/");
    await start("limited", limited());
    const waits = page.getByText(/Waits for sh's limit until \d\d:\d\d/);
    await waits.first().waitFor();
    await start("other", "exit");
    await becomes(() => waits.count(), 2);
    await isAccessible(page);
    await picture("board-held");

    await go("/agents");
    const agent = page.getByRole("listitem", { name: "Agent sh" });
    await agent.getByText("Held by its provider").waitFor();
    await agent.getByText(/Its tasks go on at [\d:]+ \(in \d+ h/).waitFor();
    await isAccessible(page);
    await picture("agents-held");
    await agent.getByRole("button", { name: "Release sh" }).click();
    await page.getByText("sh goes on").waitFor();
    await becomes(statusOf("limited"), "completed");
    await becomes(statusOf("other"), "completed");
    await becomes(() => page.getByRole("button", { name: "Release sh" }).count(), 0);
  });
});
