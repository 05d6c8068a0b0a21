/** A task's page: real agents at work seen live, asked, answered, held, cancelled, tried again; what they did and left. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { DEMO_COMMAND } from "../agents/fixtures/acp_run.ts";
import type { TestServer } from "../fixtures/server.ts";
import { becomes, isAccessible, isNoWider, visit, type VisitOptions } from "./fixtures/browser.ts";

const ASKING_AGENT = new URL("../agents/fixtures/asking_agent.ts", import.meta.url).pathname;
const PHONE = { width: 380, height: 800 };
const CONFIG = {
  agents: {
    demo: { protocol: "acp", command: DEMO_COMMAND },
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
  },
  tasks: { default_agent: "sh", max_concurrent: 4, permissions: "ask" },
  limits: { enabled: false },
};
const options = (more: Partial<VisitOptions> = {}): VisitOptions => ({ config: CONFIG, ...more });

async function start(server: TestServer, id: string, prompt: string, more: Record<string, unknown> = {}) {
  const { reply } = await server.post({
    type: "start_task",
    task: {
      id,
      type: "feature",
      priority: "high",
      description: `Do what ${id} is about`,
      ...more,
      execution: { agent: /^demo:/.test(prompt) ? "demo" : "sh", prompt, ...(more.execution as object) },
    },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const button = (page: Page, name: string | RegExp) =>
  page.getByRole("group", { name: "Actions" }).getByRole("button", { name });
const badge = (page: Page, text: string) => page.locator(".task-state .badge", { hasText: text });
const tab = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "About this task" }).getByRole("link", { name });

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`task page in ${colorScheme} colours: an agent's plan, question, tool calls, changes and answer`, async () => {
    await visit(options({ context: { colorScheme } }), async ({ server, page, go, picture }) => {
      await start(server, "build", "demo:steps=4 demo:delay=100 demo:ask=3 Build it");
      await go("/tasks/build");
      await page.getByRole("heading", { level: 1, name: "Do what build is about" }).waitFor();
      const permission = page.getByRole("region", { name: "Permission: Edit demo.md" });
      await permission.waitFor();
      await permission.getByText(/^denied in \d+ min/).waitFor();
      await permission.getByRole("region", { name: "Requested change of demo.md" }).waitFor();
      await becomes(() => permission.innerText(), /file\s+demo\.md[\s\S]*step\s+3/);
      const steps = page.locator(".plan li");
      await becomes(
        async () => (await steps.allTextContents()).map((text) => text.split(", ").at(-1)),
        ["done", "done", "at work", "to come"],
      );
      await isAccessible(page);
      await picture(`task-asks-${colorScheme}`);

      if (colorScheme === "light") {
        await permission.getByRole("button", { name: "Allow", exact: true }).click();
      } else await page.keyboard.press("a");
      await permission.waitFor({ state: "hidden" });
      await badge(page, "Completed").waitFor();
      await page.getByText("All 4 steps are done; the result is in demo.md.").waitFor();
      await becomes(() => page.locator(".plan .plan-completed").count(), 4);
      await isAccessible(page);
      await picture(`task-overview-${colorScheme}`);

      const calls = page.getByRole("list", { name: "Tool calls" }).locator("details");
      await becomes(() => calls.count(), 4);
      await becomes(() => calls.first().innerText(), /Changed demo\.md[\s\S]*\+1[\s\S]* (ms|s)/);
      await calls.first().locator("summary").click();
      await calls.first().getByText("step", { exact: true }).waitFor();
      await becomes(() => calls.first().innerText(), /demo\.md[\s\S]*step\s+1/);
      await isAccessible(page);
      await picture(`task-tools-${colorScheme}`);

      await tab(page, "Log").click();
      const lines = page.getByRole("list", { name: "Log lines" });
      for (const text of ["Attempt 1 started", "Step 4 of 4: Write it down.", "Task completed"]) {
        await lines.getByText(text).waitFor();
      }
      await isAccessible(page);
      await picture(`task-log-${colorScheme}`);

      await tab(page, "Changes").click();
      await page.getByText(/^1 file changed in 4 edits/).waitFor();
      const edits = page.locator(".changed-file .edit");
      const first = edits.first().getByRole("region", { name: "Edit 1 of demo.md" });
      await becomes(() => first.locator(".diff-added").innerText(), /1\s+added:\s+\+- \S+ Read the request/);
      const last = edits.last();
      await becomes(() => last.locator(".diff-context").count(), 3);
      await becomes(() => last.locator(".diff-added").innerText(), /4\s+added:\s+\+- \S+ Write it down/);
      await isAccessible(page);
      await picture(`task-changes-${colorScheme}`);

      await tab(page, "Details").click();
      await becomes(
        () => page.locator(".task-details").innerText(),
        /How it ended[\s\S]*end_turn[\s\S]*Attempt 1/,
      );
      await page.waitForURL(/#\/tasks\/build\?tab=details$/);
      await isAccessible(page);
      await picture(`task-details-${colorScheme}`);
    });
  });
}

Deno.test("task page: a request under allow names the places outside the task's folder", async () => {
  const asking = {
    protocol: "acp",
    command: [Deno.execPath(), "run", "--no-check", "--no-config", ASKING_AGENT],
  };
  const config = { ...CONFIG, agents: { ...CONFIG.agents, asking } };
  await visit({ config }, async ({ server, page, go, picture }) => {
    const call = { title: "Write it", kind: "edit", locations: [{ path: "/srv/there" }] };
    const prompt = JSON.stringify({ asked: call });
    await start(server, "out", prompt, { execution: { agent: "asking", permissions: "allow" } });
    await go("/tasks/out");
    const permission = page.getByRole("region", { name: "Permission: Write it" });
    await permission.getByText("Outside the task's folder:").waitFor();
    await becomes(() => permission.innerText(), /Outside the task's folder:\s+\/srv\/there/);
    await isAccessible(page);
    await picture("task-asks-outside");
    await go("/tasks");
    await page.getByText("Asks: Write it (outside the task's folder: /srv/there)").waitFor();
    await picture("tasks-asks-outside");
  });
});

Deno.test("task page: a permission denied by key: the agent goes on without it; a deep link to a tab", async () => {
  await visit(options(), async ({ server, page, go }) => {
    await start(server, "risky", "demo:steps=2 demo:delay=0 demo:ask=2 Try it");
    await go("/tasks/risky?tab=tools");
    await becomes(() => tab(page, "Conversation").getAttribute("aria-current"), "page");
    await page.getByRole("region", { name: "Permission: Edit demo.md" }).waitFor();
    await page.keyboard.press("d");
    await page.getByText("Reject: Edit demo.md").waitFor();
    await badge(page, "Completed").waitFor();
    await page.keyboard.press("]");
    await page.getByText(/^1 file changed in 1 edit,/).waitFor();
    await page.waitForURL(/\?tab=changes$/);
    await tab(page, "Details").click();
    await page.getByText("Finished without what was denied: Edit demo.md").waitFor();
  });
});

Deno.test("task page: buttons and keys pause, resume, cancel and retry the task", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "first", "true");
    await start(server, "long", "echo at work; sleep 600", { dependencies: ["first"] });
    await start(server, "later", "true", { dependencies: ["long"] });
    await go("/tasks/long");
    await badge(page, "Running").waitFor();
    const before = page.getByRole("list", { name: "Depends on" }).getByRole("listitem");
    await becomes(() => before.allInnerTexts(), ["first\nCompleted"]);
    await page.getByRole("list", { name: "Needed by" }).getByText("Pending").waitFor();
    await page.getByText(/The agent has reported no plan yet/).waitFor();
    await tab(page, "Details").click();
    await page.getByRole("link", { name: /^pid \d+$/ }).waitFor();
    await tab(page, "Conversation").click();
    await page.getByText("A command takes no messages.").waitFor();
    await tab(page, "Log").click();
    await page.getByRole("list", { name: "Log lines" }).getByText("at work", { exact: true }).waitFor();
    await page.goBack();
    await page.getByText(/The agent has reported no plan yet/).waitFor();
    await isAccessible(page);
    await picture("task-running-command");

    await button(page, "Pause").click();
    await badge(page, "Paused").waitFor();
    await page.keyboard.press("h");
    await badge(page, "Running").waitFor();
    await button(page, "Cancel").click();
    const dialog = page.getByRole("dialog", { name: "Cancel long?" });
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await dialog.waitFor({ state: "detached" });
    await button(page, "Cancel").click();
    await dialog.getByRole("button", { name: "Cancel the task" }).click();
    await badge(page, "Cancelled").waitFor();
    await page.getByRole("list", { name: "Needed by" }).getByText("Failed").waitFor();

    await button(page, "Retry").click();
    await badge(page, "Running").waitFor();
    await tab(page, "Details").click();
    const attempts = page.getByRole("list", { name: "Attempts, the newest first" }).getByRole("listitem");
    await becomes(() => attempts.nth(0).innerText(), /Attempt 2\s+Under way/);
    await becomes(() => attempts.nth(1).innerText(), /Attempt 1\s+Cancelled/);
    await page.locator(".run-facts", { hasText: "2nd" }).first().waitFor();
    await becomes(
      () => page.getByRole("link", { name: "Run again as a copy" }).getAttribute("href"),
      "#/new?from=long",
    );

    await button(page, "Cancel").click();
    await dialog.getByRole("button", { name: "Cancel the task" }).click();
    await button(page, "Start afresh").click();
    await badge(page, "Running").waitFor();
    await becomes(() => attempts.nth(0).innerText(), /Attempt 3\s+Under way/);
  });
});

Deno.test("task page: it says why each attempt of a command failed; commands report no changed files", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "broken", "echo some output; echo no such thing >&2; exit 3", {
      metadata: { owner: "me", tags: ["a", "b"] },
      timeout: 60_000,
      execution: { env: { SECRET_TOKEN: "hunter2" } },
    });
    await go("/tasks/broken");
    await badge(page, "Failed").waitFor();
    await becomes(() => page.locator(".said-trouble").innerText(), /It failed[\s\S]*no such thing/);
    await becomes(() => page.getByRole("article", { name: /^sh,/ }).innerText(), /some output/);
    await tab(page, "Details").click();
    await becomes(() => page.locator(".task-summary .notice-error").innerText(), /no such thing/);
    const settings = page.locator(".task-side");
    await becomes(() => settings.innerText(), /Time limit\s+1 min[\s\S]*SECRET_TOKEN[\s\S]*owner\s+me/);
    assert.ok(!(await page.content()).includes("hunter2"));
    await page.keyboard.press("r");
    await page.locator(".run-facts", { hasText: "2nd" }).first().waitFor();
    await badge(page, "Failed").waitFor();
    const attempts = page.getByRole("list", { name: "Attempts, the newest first" }).getByRole("listitem");
    for (const number of [0, 1]) {
      await becomes(() => attempts.nth(number).innerText(), /Failed[\s\S]*Exit code\s+3[\s\S]*no such thing/);
    }
    await becomes(() => attempts.count(), 2);
    await isAccessible(page);
    await picture("task-attempts");
    await tab(page, "Changes").click();
    await page.getByText("Plain commands do not report changed files").waitFor();
    await isAccessible(page);
    await picture("task-no-changes");
  });
});

Deno.test("task page on a phone: live plan, question, changes, and nothing wider than the screen", async () => {
  await visit(options({ context: { viewport: PHONE } }), async ({ server, page, go, picture }) => {
    await start(server, "small", "demo:steps=3 demo:delay=50 demo:ask=2 Small", {
      description:
        "A description that is long enough to be broken into several lines on a telephone's screen",
    });
    await go("/tasks/small");
    await page.getByRole("region", { name: /^Permission/ }).waitFor();
    await picture("task-phone");
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await page.getByRole("button", { name: "Always allow" }).click();
    await badge(page, "Completed").waitFor();
    await page.getByRole("list", { name: "Tool calls" }).first().waitFor();
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await picture("task-phone-tools");
    await tab(page, "Changes").click();
    await page.getByText(/^1 file changed in 3 edits/).waitFor();
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await picture("task-phone-changes");
    await tab(page, "Details").click();
    await page.getByText("How it ended").waitFor();
    await isNoWider(page, PHONE.width);
  });
});

Deno.test("task page: an id that the server does not know has a page that says so", async () => {
  await visit(options(), async ({ page, go, picture }) => {
    await go("/tasks/nothing_here");
    await page.getByText("No task has this id").waitFor();
    assert.equal(await page.locator(".toast").count(), 0);
    await isAccessible(page);
    await picture("task-unknown");
    await page.getByRole("link", { name: "All tasks" }).click();
    await page.waitForURL(/#\/tasks$/);
  });
});

Deno.test("task page: an agent's question is a form: what does not fit is told at its field, and the answer is the agent's", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "choose", "demo:steps=1 demo:delay=50 demo:question=1");
    await go("/tasks");
    const card = page.getByRole("group", { name: "Question of choose" });
    await card.getByText("Asks: Which color shall it be?").waitFor();
    await becomes(() => page.title(), /\(1\)|need/i);
    await card.getByRole("link", { name: "Answer" }).click();
    const form = page.getByRole("form", { name: "Which color shall it be?" });
    await form.getByText(/^dismissed in \d+ min/).waitFor();
    await form.getByRole("button", { name: "Answer" }).click();
    await form.getByText("Required field 'content.color' is missing").waitFor();
    await form.getByLabel("How many (optional)").fill("12");
    await form.getByRole("radio", { name: /Blue/ }).check();
    await form.getByRole("button", { name: "Answer" }).click();
    await form.getByText(/Invalid value of 'content.count'/).waitFor();
    await isAccessible(page);
    // The question scrolls in itself where there is no room for it: the composer stays.
    const { y, height } = (await page.getByRole("textbox", { name: /^Message to/ }).boundingBox())!;
    assert.ok(y + height <= 800, `the composer ends at ${y + height}`);
    await picture("task-question");
    await form.getByLabel("How many (optional)").fill("3");
    await form.getByRole("checkbox", { name: "A box" }).check();
    await form.getByRole("checkbox", { name: "It is a gift (optional)" }).check();
    await form.getByLabel("Note (optional)").fill("thanks");
    await form.getByRole("button", { name: "Answer" }).click();
    await form.waitFor({ state: "detached" });
    await badge(page, "Completed").waitFor();
    await go("/tasks/choose?tab=log");
    await page.getByText(
      'The answer: accept {"color":"blue","extras":["box"],"count":3,"gift":true,"note":"thanks"}',
    ).waitFor();
  });
});

Deno.test("task page: a question that somebody else declines goes away, on a phone too", async () => {
  await visit(options({ context: { viewport: PHONE } }), async ({ server, page, go }) => {
    await start(server, "other", "demo:steps=1 demo:delay=50 demo:question=1");
    await go("/tasks/other");
    const form = page.getByRole("form", { name: "Which color shall it be?" });
    await form.waitFor();
    await isNoWider(page, PHONE.width);
    const { reply } = await server.post({ type: "get_task_status", task_id: "other" });
    const [{ question_id }] =
      (reply.task as { pending_questions: [{ question_id: string }] }).pending_questions;
    await server.post({ type: "answer_question", task_id: "other", question_id, action: "decline" });
    await form.waitFor({ state: "detached" });
  });
});
