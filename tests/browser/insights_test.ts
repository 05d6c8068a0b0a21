/** The page of usage, and what a task shows of its own. */
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const fixture = (name: string) => new URL(name, import.meta.url).pathname;
const FRAMES = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-check",
  "--config",
  fixture("../../deno.json"),
  fixture("../agents/fixtures/frames_agent.ts"),
];

const config = {
  agents: { frames: { protocol: "acp", command: [...FRAMES, "loads"] } },
  tasks: { default_agent: "frames" },
  limits: { enabled: false },
};

const says = {
  update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: "Done." } },
};
const costs = (amount: number) => ({
  update: { sessionUpdate: "usage_update", used: 10, size: 100, cost: { amount, currency: "USD" } },
});
const done = (inputTokens: number) => ({
  result: {
    stopReason: "end_turn",
    usage: { inputTokens, outputTokens: 300, cachedReadTokens: 4000, totalTokens: inputTokens + 4300 },
  },
});

Deno.test("insights: cost and tokens by day and agent; a task shows its own, and goes on with a higher bound", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/insights");
    await page.getByText("Nothing was used in this time").waitFor();
    const start = (id: string, frames: unknown[], more: Record<string, unknown> = {}) =>
      server.post({
        type: "start_task",
        task: {
          id,
          type: "feature",
          priority: "medium",
          description: `Do ${id}`,
          execution: { prompt: JSON.stringify(frames), ...more },
        },
      });
    await start("cheap", [says, costs(0.42), done(1200)]);
    const statusOf = async (id: string) =>
      ((await server.post({ type: "get_task_status", task_id: id })).reply.task as { status: string }).status;
    await becomes(() => statusOf("cheap"), "completed");
    await page.reload();
    const row = page.getByRole("row").filter({ hasText: "frames" });
    await becomes(() => row.innerText(), /frames\s+\$0\.42\s+1,200\s+4,000\s+300\s+1/);
    await becomes(() => page.locator(".insights-figures").innerText(), /\$0\.42[^]*5,500[^]*73 % from cache/);
    await page.getByRole("button", { name: "Tokens" }).click();
    await page.getByRole("heading", { name: "Tokens per day" }).waitFor();
    await page.getByRole("button", { name: "Type" }).click();
    await page.getByRole("row").filter({ hasText: "feature" }).waitFor();
    await isAccessible(page);
    await picture("insights");
    await page.setViewportSize({ width: 380, height: 800 });
    await isNoWider(page, 380);
    await picture("insights-phone");
    await page.setViewportSize({ width: 1440, height: 900 });

    await start("dear", [says, costs(3), { until: "cancel" }], { max_cost_usd: 2 });
    await becomes(() => statusOf("dear"), "paused");
    await go("/tasks/dear");
    await page.getByText("a higher budget").first().waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    const dialog = page.getByRole("dialog", { name: "Let it go on?" });
    await becomes(() => dialog.innerText(), /cost \$3\.00 of the \$2\.00/);
    await isAccessible(page);
    await picture("budget-raise");
    await dialog.getByRole("button", { name: "Raise and resume" }).click();
    await becomes(async () => await statusOf("dear") === "paused", false);
  });
});
