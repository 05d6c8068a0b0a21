/** The agents' page: what agents and processes take while a real task runs, and ending one of them. */
import assert from "node:assert/strict";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { choosy } from "../agents/fixtures/acp_run.ts";
import type { TestServer } from "../fixtures/server.ts";
import {
  becomes,
  eventually,
  isAccessible,
  isNoWider,
  pointedAt,
  type Visit,
  visit,
} from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
  limits: { enabled: false },
  monitor: { resources_interval_ms: 400, processes_interval_ms: 500 },
};
const PHONE = { width: 380, height: 800 };
/** Works a little and rests a little. */
const WORK =
  `echo '{"progress":{"completed_steps":1,"total_steps":4,"current_step":"Look through the folder"}}'
i=0; while :; do i=$((i+1)); [ $((i % 20000)) = 0 ] && sleep 0.2; done`;
const STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1; done";

async function start(server: TestServer, id: string, prompt: string): Promise<void> {
  const { reply } = await server.post({
    type: "start_task",
    task: {
      id,
      type: "feature",
      priority: "medium",
      description: `Rework the parser, part ${id}`,
      execution: { prompt },
    },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function task(server: TestServer, task_id: string): Promise<Record<string, unknown>> {
  const { reply } = await server.post({ type: "get_task_status", task_id });
  return reply.task as Record<string, unknown>;
}

const statusOf = (server: TestServer, id: string) => async () => (await task(server, id)).status;

/** Waits until a task's command has written this line. */
async function hasWritten(server: TestServer, agent: string, message_contains: string): Promise<void> {
  await eventually(async () => {
    const { reply } = await server.post({ type: "request_log_entries", filter: { agent, message_contains } });
    assert.equal((reply.data as { entries: unknown[] }).entries.length, 1);
  });
}

/** Agents that others have at work on this machine are listed; where there is none, the page says so. */
async function listsAgents(server: TestServer, page: Visit["page"]): Promise<void> {
  await eventually(async () => {
    const { reply } = await server.post({ type: "request_process_list", limit: 1000 });
    const pids = (reply.data as { processes: { pid: number }[] }).processes.map(({ pid }) => String(pid));
    assert.deepEqual((await page.locator(".process-pid").allInnerTexts()).sort(), pids.sort());
    const isNone = await page.getByText("No agent's process is running").count() === 1;
    assert.equal(isNone, pids.length === 0);
  });
}

/** Opens the row of the process that runs a task's agent. */
async function openProcess(page: Visit["page"], id: string): Promise<void> {
  const isOfTask = { has: page.locator(`a[href="#/tasks/${id}"]`) };
  await page.locator("table.processes tbody tr").filter(isOfTask).first().getByRole("button").click();
  await page.getByRole("button", { name: "End or signal this process…" }).waitFor();
}

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`agents page in ${colorScheme} colours: nobody at work, then agents whose charts get points`, async () => {
    await visit({ config, context: { colorScheme } }, async ({ server, page, go, picture }) => {
      await go("/agents");
      await page.getByText("No agent is at work").waitFor();
      await listsAgents(server, page);
      await isAccessible(page);
      await picture(`agents-empty-${colorScheme}`);

      await start(server, "first", WORK);
      await start(server, "second", "sleep 300");
      const card = page.getByRole("article", { name: "Agent sh on first" });
      await card.getByText("Working").waitFor();
      await card.getByText("Look through the folder").waitFor();
      await becomes(() => card.getByRole("progressbar").getAttribute("aria-valuenow"), "25");
      // Two figures that differ are more than one point.
      const chart = card.getByRole("img", {
        name: /^Processor use of agent sh on first\. CPU: .* now, lowest (\S+ %), highest (?!\1)/,
      });
      await chart.waitFor();
      await pointedAt(page, chart, card.locator(".chart-readout time"));
      await openProcess(page, "first");
      await page.getByRole("img", { name: /^Memory of process \d+\. Memory: [\d.]+ [kM]B now/ }).waitFor();
      await page.waitForURL(/pid=\d+/);
      await isAccessible(page);
      await picture(`agents-busy-${colorScheme}`);
      await card.getByRole("link", { name: "Rework the parser, part first" }).click();
      await page.waitForURL(/#\/tasks\/first$/);
    });
  });
}

Deno.test("agents page: ending a process asks first, says what it means, and ends it and its task", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await start(server, "doomed", "sleep 300 & wait");
    await go("/agents");
    await openProcess(page, "doomed");
    await page.getByRole("button", { name: "End or signal this process…" }).click();
    const dialog = page.getByRole("dialog", { name: /^Process \d+, sh$/ });
    await dialog.getByText("sh -c sleep 300 & wait").waitFor();
    await dialog.getByText(/agent of task doomed: when it ends, the task fails/).waitFor();
    await dialog.getByLabel("Signal").selectOption("SIGSTOP");
    await dialog.getByText(/stands still while its time limit runs on/).waitFor();
    await dialog.getByLabel("Signal").selectOption("SIGTERM");
    await isAccessible(page);
    await picture("agents-kill");
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal((await task(server, "doomed")).status, "running");

    await page.getByRole("button", { name: "End or signal this process…" }).click();
    await page.getByRole("button", { name: "Send SIGTERM" }).click();
    await page.getByText(/^Process \d+ \(sh\) has ended$/).waitFor();
    await page.getByText("No agent is at work").waitFor();
    await becomes(statusOf(server, "doomed"), "failed");
    assert.match(String((await task(server, "doomed")).error), /SIGTERM/);
  });
});

Deno.test("agents page: a process that ignores the signal is reported, and SIGKILL ends it", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await start(server, "stubborn", STUBBORN);
    // From here on it ignores the signal.
    await hasWritten(server, "stubborn", "ready");
    await go("/agents");
    await openProcess(page, "stubborn");
    const send = async (signal: string) => {
      await page.getByRole("button", { name: "End or signal this process…" }).click();
      await page.getByRole("dialog").getByLabel("Signal").selectOption(signal);
      await page.getByRole("button", { name: `Send ${signal}` }).click();
    };
    await send("SIGTERM");
    await page.getByRole("button", { name: "Sending SIGTERM and waiting for the process to end…" }).waitFor();
    await page.getByText(/PROCESS_KILL_FAILED/).waitFor();
    await page.getByText(/still runs 10 s after SIGTERM\. SIGKILL ends it/).waitFor();
    await isAccessible(page);
    await picture("agents-kill-failed");
    await send("SIGKILL");
    await page.getByText(/^Process \d+ \(sh\) has ended$/).waitFor();
    await becomes(statusOf(server, "stubborn"), "failed");
  });
});

Deno.test("agents page: all processes of the machine can be searched and sorted, but not ended if the server refuses", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/agents");
    await listsAgents(server, page);
    await page.getByLabel("All processes of this machine").check();
    await page.waitForURL(/all=1/);
    const rows = page.locator("table.processes tbody tr");
    await rows.nth(3).waitFor();
    await page.getByRole("button", { name: "PID" }).click();
    await page.getByRole("columnheader", { name: "PID" }).and(page.locator("[aria-sort=descending]"))
      .waitFor();
    await page.getByRole("button", { name: "PID" }).click();
    await page.getByRole("columnheader", { name: "PID" }).and(page.locator("[aria-sort=ascending]"))
      .waitFor();
    await page.waitForURL(/sort=pid&order=asc/);
    await eventually(async () => {
      const pids = (await page.locator(".process-pid").allInnerTexts()).map(Number);
      assert.ok(pids.length > 3);
      assert.deepEqual(pids, pids.toSorted((a, b) => a - b));
    });
    await page.keyboard.press("/");
    await page.keyboard.type(String(server.pid));
    const row = page.getByRole("button", { name: new RegExp(`^Process ${server.pid}, `) });
    await row.click();
    await page.getByText(/cannot end it from here: it is not a coding agent/).waitFor();
    assert.equal(await page.getByRole("button", { name: "End or signal this process…" }).count(), 0);
    await isAccessible(page);
    await picture("agents-all");
    const { reply } = await server.post({ type: "kill_process", pid: server.pid });
    assert.equal(reply.code, "PROCESS_PERMISSION_DENIED", "which is what the page goes by");
    await page.getByLabel("Type").selectOption("gemini");
    await page.getByText("No process matches").waitFor();
  });
});

Deno.test("agents page on a phone: agents, processes and details fit the screen", async () => {
  await visit({ config, context: { viewport: PHONE } }, async ({ server, page, go, picture }) => {
    await start(server, "first", "sleep 300");
    await go("/agents");
    await page.getByRole("article", { name: "Agent sh on first" }).waitFor();
    await openProcess(page, "first");
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await picture("agents-phone");
  });
});

Deno.test("agents page: without permission to run programs, it names the missing permission", async () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
  await visit({ config, permissions }, async ({ page, go, picture }) => {
    await go("/agents");
    const alert = page.getByRole("alert");
    await alert.getByText(/SERVICE_UNAVAILABLE/).waitFor();
    await alert.getByText(/Start the server with --allow-run=ps/).waitFor();
    await isAccessible(page);
    await picture("agents-without-run");
  });
});

Deno.test("agents page: an agent is checked, and says what it offers; the form for a new task offers the same", async () => {
  const agents = {
    choosy: { protocol: "acp", command: choosy("account"), pass_env: ["DENO_DIR"] },
    nobody: {
      protocol: "acp",
      command: choosy("account", "nobody"),
      pass_env: ["DENO_DIR"],
      profile: "codex",
    },
    missing: { protocol: "acp", command: ["no-such-agent-anywhere"] },
  };
  const settings = { ...config, agents, tasks: { default_agent: "choosy" } };
  await visit({ config: settings }, async ({ page, go, picture }) => {
    await go("/agents");
    const row = (name: string) => page.getByRole("listitem", { name: `Agent ${name}`, exact: true });
    await row("choosy").getByText("Not checked yet").waitFor();
    await page.locator("summary", { hasText: "Not installed" }).click();
    await row("missing").getByText("Not installed").waitFor();
    await row("missing").getByText(/What to do: Install the agent's program/).waitFor();
    await row("choosy").getByRole("button", { name: "Check choosy" }).click();
    await row("choosy").getByText("Ready").waitFor();
    await row("choosy").getByText("1.2.3 · by default acme/small · 3 models").waitFor();
    await row("choosy").getByText("What it offers").click();
    await row("choosy").getByText("acme/small (low), acme/Large (low, high), other/large").waitFor();
    await row("nobody").getByRole("button", { name: "Check nobody" }).click();
    await row("nobody").getByText("Log in first").waitFor();
    await row("nobody").getByText(/What to do: Log in with codex-acp cli login/).waitFor();
    await picture("agents-known");
    await isAccessible(page);
    await page.setViewportSize(PHONE);
    await isNoWider(page, PHONE.width);

    await go("/new");
    const offered = (list: string) =>
      page.locator(`#${list} option`).evaluateAll((options) =>
        options.map((option) => (option as unknown as { value: string }).value)
      );
    await becomes(() => offered("offered-model"), ["acme/small", "acme/Large", "other/large"]);
    await becomes(() => offered("offered-mode"), ["ask", "acceptEdits", "yolo"]);
    await becomes(() => offered("offered-effort"), ["low"]);
    await page.getByLabel("Model").fill("acme/Large");
    await becomes(() => offered("offered-effort"), ["low", "high"]);
    await page.getByLabel("Agent", { exact: true }).fill("nobody");
    await becomes(() => offered("offered-effort"), ["low", "high"]);
    await page.getByLabel("Agent", { exact: true }).fill("missing");
    await becomes(() => offered("offered-model"), []);
  });
});

Deno.test("a machine without agents: the board, the form for a new task and the agents page say what to do", async () => {
  const names = Object.keys(BUILT_IN_MAKES.known.agents);
  const agents = Object.fromEntries(names.map((name) => [name, { command: ["no-such-agent-anywhere"] }]));
  await visit({ config: { agents } }, async ({ page, go, picture }) => {
    await go("/tasks");
    await page.getByText("No agent is installed on the server's machine").waitFor();
    await isAccessible(page);
    await page.getByRole("link", { name: "See how to install one" }).click();
    await page.getByText("Install one of those below").waitFor();
    const row = (name: string) => page.getByRole("listitem", { name: `Agent ${name}`, exact: true });
    for (const name of names) await row(name).getByText(/What to do: Install/).waitFor();
    await isAccessible(page);
    await picture("agents-none");
    await go("/new");
    await page.getByText(/^Not installed\. Install/).waitFor();
    await page.setViewportSize(PHONE);
    await isNoWider(page, PHONE.width);
  });
});
