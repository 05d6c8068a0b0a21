/** The notifications' page, and the browser's own notifications. */
import assert from "node:assert/strict";
import { HookReceiver } from "../fixtures/hook_receiver.ts";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const agents = { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } };
const base = { agents, tasks: { default_agent: "sh", max_attempts: 1 }, limits: { enabled: false } };

/** Counts what the page would show: a headless browser shows none. The page is in the background. */
const RECORDING = `
  window.told = [];
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { return Notification.permission = "granted"; }
    constructor(title, { body } = {}) { window.told.push(title + ": " + (body ?? "")); window.last = this; }
    close() {}
  };
  document.hasFocus = () => false;
`;

Deno.test("notifications: who is told of what, a test of each, and how it went", async () => {
  await using hooks = new HookReceiver();
  const notifications = [
    {
      name: "chat",
      channel: "webhook",
      url: `${hooks.url}/secret`,
      events: ["task_failed"],
      min_priority: "high",
    },
    { name: "broken", channel: "command", command: ["sh", "-c", "exit 3"], events: ["report"] },
  ];
  await visit({ config: { ...base, notifications } }, async ({ page, go, picture }) => {
    await go("/server/notifications");
    const row = (name: string) => page.getByRole("row").filter({ hasText: name });
    await becomes(
      () => row("chat").innerText(),
      /webhook http:\/\/127\.0\.0\.1:\d+\s+task failed\s+high priority or more/,
    );
    await row("chat").getByRole("button", { name: "Test" }).click();
    await page.getByText("chat was told").waitFor();
    assert.deepEqual(hooks.told, ["test"]);
    await row("broken").getByRole("button", { name: "Test" }).click();
    await page.getByText("broken could not be told: it ended with 3").waitFor();
    await isAccessible(page);
    await picture("notifications");
    await page.setViewportSize({ width: 380, height: 800 });
    await isNoWider(page, 380);
    // Nothing of a row is out of sight.
    const { x, width } = (await row("broken").getByRole("button", { name: "Test" }).boundingBox())!;
    assert.ok(x >= 0 && x + width <= 380, `${x} ${width}`);
  });
});

Deno.test("notifications: the browser tells of what happens in the background, once it may, and leads there", async () => {
  await visit({ config: base }, async ({ server, page, go }) => {
    await page.addInitScript(RECORDING);
    await page.reload();
    await go("/server/notifications");
    await page.getByText("Nobody else is told").waitFor();
    const told = () => page.evaluate<string[]>("window.told");
    const start = async (id: string, prompt: string) => {
      const task = {
        id,
        type: "testing",
        priority: "medium",
        description: `About ${id}`,
        execution: { prompt },
      };
      await server.post({ type: "start_task", task });
      await becomes(
        async () =>
          String(
            ((await server.post({ type: "get_task_status", task_id: id })).reply.task as { status: string })
              .status,
          ),
        /completed|failed/,
      );
    };
    await start("quiet", "true");
    await page.getByRole("button", { name: "Notify me here" }).click();
    await page.getByText("The browser tells you").waitFor();
    await start("bad", "echo no >&2; exit 3");
    await becomes(async () => (await told()).length, 1);
    assert.match((await told())[0]!, /^Task failed: .*no[^]*About bad$/);
    await page.evaluate("window.last.onclick()");
    await page.waitForURL(/#\/tasks\/bad$/);
    await go("/server/notifications");
    await page.getByRole("button", { name: "Stop notifying me here" }).click();
    await page.getByText("The browser can tell you").waitFor();
    await start("later", "true");
    assert.equal((await told()).length, 1);
  });
});
