/** A task's pull request in the browser: opened by key, followed, and what reviewers said handed to the agent. */
import { DEMO_COMMAND } from "../agents/fixtures/acp_run.ts";
import { withForgeProject } from "../fixtures/forge_project.ts";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

/** A minute goes by until the server asks the forge: what it would then tell the page is put into its answers here. */
const FEEDBACK = [
  {
    kind: "check",
    id: "1",
    title: "CI / test",
    text: "1 test failed",
    url: "https://github.com/ann/tool/runs/1",
  },
  {
    kind: "comment",
    id: "2",
    title: "src/a.ts:3",
    author: "bob",
    text: "demo:steps=1 demo:delay=0 Why <b>this</b>?",
  },
];

Deno.test("pull request: opened by key; its state is shown, and feedback goes to the agent at a press", async () => {
  await withForgeProject(async ({ repository, PATH }) => {
    const config = {
      limits: { enabled: false },
      agents: { demo: { protocol: "acp", command: DEMO_COMMAND } },
      projects: { tool: { path: repository.path, isolation: "worktree", agent: "demo" } },
      tasks: { permissions: "allow" },
    };
    const env = { PATH };
    await visit({ config, env }, async ({ server, page, go, picture }) => {
      let hasFeedback = false;
      await page.routeWebSocket(/.*/, (socket) => {
        const upstream = socket.connectToServer();
        upstream.onMessage((message) => {
          const text = String(message);
          socket.send(
            hasFeedback
              ? text.replaceAll('"pull_request":{', `"pull_request":{"feedback":${JSON.stringify(FEEDBACK)},`)
              : text,
          );
        });
      });
      const execution = { prompt: "demo:steps=2 demo:delay=0" };
      const metadata = { project: "tool" };
      const task = {
        id: "t",
        type: "feature",
        priority: "low",
        description: "Add a file",
        execution,
        metadata,
      };
      await server.post({ type: "start_task", task });
      await go("/tasks/t?tab=changes");
      await page.getByRole("button", { name: "Open PR" }).waitFor();
      await page.keyboard.press("Shift+P");
      const bar = page.getByRole("group", { name: "What becomes of the changes" });
      await becomes(() => bar.innerText(), /Pull request #7 open draft, checks failing, review required/);
      await page.getByRole("button", { name: "Update PR" }).waitFor();
      await go("/tasks");
      const article = page.getByRole("article");
      await becomes(() => article.innerText(), /#7 open draft, checks failing/);
      const link = article.getByRole("link", { name: "Pull request #7" });
      await becomes(() => link.getAttribute("href"), "https://github.com/ann/tool/pull/7");
      await picture("board-pull-request");
      await go("/tasks?view=list");
      await becomes(() => article.innerText(), /#7 open draft, checks failing/);
      await isAccessible(page);
      hasFeedback = true;
      await page.goto(`${server.url}/#/tasks/t`);
      await page.reload();
      const facts = page.getByRole("complementary", { name: "Facts" });
      await becomes(() => facts.innerText(), /Pull request\s+#7 open draft, checks failing/);
      const panel = page.getByRole("region", { name: "Feedback on pull request #7" });
      await becomes(
        () => panel.innerText(),
        /2 things to decide about[\s\S]*CI \/ test failed[\s\S]*1 test failed[\s\S]*src\/a\.ts:3 bob[\s\S]*Why <b>this<\/b>\?/,
      );
      await isAccessible(page);
      await picture("task-feedback");
      await page.setViewportSize({ width: 390, height: 844 });
      await isNoWider(page, 390);
      await page.setViewportSize({ width: 1280, height: 800 });
      hasFeedback = false;
      await panel.getByRole("button", { name: "Hand it to demo" }).click();
      const said = page.locator(".said.is-user").last();
      await becomes(
        () => said.innerText(),
        /Check failed: CI \/ test[\s\S]*Comment by bob[\s\S]*Why <b>this<\/b>\?/,
      );
      await panel.waitFor({ state: "detached" });
      await page.getByText(/^Turn 2, /).waitFor();
    });
  });
});
