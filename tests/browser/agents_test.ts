/** The agents' page: what agents and processes take while a real task runs, and ending one of them. */
import assert from "node:assert/strict";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, until } from "../fixtures/server.ts";
import { violations, type Visit, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
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

/** The row of the process that runs a task's agent, opened. */
async function openProcess(page: Visit["page"], id: string) {
  const row = page.getByRole("row").filter({ hasText: id }).filter({ has: page.getByRole("button") }).first();
  await row.getByRole("button").click();
  await page.getByRole("button", { name: "End or signal this process…" }).waitFor();
  return row;
}

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`agents page in ${colorScheme} colours: nobody at work, then agents whose charts get points`, async () => {
    await visit({ config, context: { colorScheme } }, async ({ server, page, go, picture }) => {
      await go("/agents");
      await page.getByText("No agent is at work").waitFor();
      await page.getByText("No agent's process is running").waitFor();
      assert.deepEqual(await violations(page), []);
      await picture(`agents-empty-${colorScheme}`);

      await start(server, "first", WORK);
      await start(server, "second", "sleep 300");
      const card = page.getByRole("article", { name: "Agent sh on first" });
      await card.getByText("Working").waitFor();
      await card.getByText("Look through the folder").waitFor();
      assert.equal(await card.getByRole("progressbar").getAttribute("aria-valuenow"), "25");
      // Two figures that differ are more than one point.
      const chart = card.getByRole("img", {
        name: /^Processor use of agent sh on first\. CPU: .* now, lowest (\S+ %), highest (?!\1)/,
      });
      await chart.waitFor();
      await chart.hover();
      await card.locator(".chart-readout time").waitFor();
      await openProcess(page, "first");
      await page.getByRole("img", { name: /^Memory of process \d+\. Memory: [\d.]+ [kM]B now/ }).waitFor();
      assert.match(page.url(), /pid=\d+/);
      assert.deepEqual(await violations(page), []);
      await picture(`agents-busy-${colorScheme}`);
      await card.getByRole("link", { name: "Rework the parser, part first" }).click();
      assert.match(page.url(), /#\/tasks\/first$/);
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
    assert.deepEqual(await violations(page), []);
    await picture("agents-kill");
    await dialog.getByRole("button", { name: "Keep it" }).click();
    assert.equal((await task(server, "doomed")).status, "running");

    await page.getByRole("button", { name: "End or signal this process…" }).click();
    await page.getByRole("button", { name: "Send SIGTERM" }).click();
    await page.getByText(/^Process \d+ \(sh\) has ended$/).waitFor();
    await page.getByText("No agent is at work").waitFor();
    await until(async () => (await task(server, "doomed")).status === "failed");
    assert.match(String((await task(server, "doomed")).error), /SIGTERM/);
  });
});

Deno.test("agents page: a process that ignores the signal is told of, and SIGKILL ends it", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await start(server, "stubborn", STUBBORN);
    await go("/agents");
    await openProcess(page, "stubborn");
    const send = async (signal: string) => {
      await page.getByRole("button", { name: "End or signal this process…" }).click();
      await page.getByRole("dialog").getByLabel("Signal").selectOption(signal);
      await page.getByRole("button", { name: `Send ${signal}` }).click();
    };
    await send("SIGTERM");
    await page.getByRole("button", { name: "Sending SIGTERM, waiting for it to end…" }).waitFor();
    await page.getByText(/PROCESS_KILL_FAILED/).waitFor();
    await page.getByText(/still runs 10 s after SIGTERM\. SIGKILL ends it/).waitFor();
    assert.deepEqual(await violations(page), []);
    await picture("agents-kill-failed");
    await send("SIGKILL");
    await page.getByText(/^Process \d+ \(sh\) has ended$/).waitFor();
    await until(async () => (await task(server, "stubborn")).status === "failed");
  });
});

Deno.test("agents page: all processes of the machine, found, ordered, and not to be ended where the server refuses", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/agents");
    await page.getByText("No agent's process is running").waitFor();
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
    assert.match(page.url(), /sort=pid&order=asc/);
    const pids = (await page.locator(".process-pid").allInnerTexts()).map(Number);
    assert.deepEqual(pids, pids.toSorted((a, b) => a - b));
    await page.keyboard.press("/");
    await page.keyboard.type(String(server.pid));
    const row = page.getByRole("button", { name: new RegExp(`^Process ${server.pid}, `) });
    await row.click();
    await page.getByText(/cannot be ended from here: it is no coding agent/).waitFor();
    assert.equal(await page.getByRole("button", { name: "End or signal this process…" }).count(), 0);
    assert.deepEqual(await violations(page), []);
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
    assert.equal(await page.evaluate<number>("document.documentElement.scrollWidth"), PHONE.width);
    assert.deepEqual(await violations(page), []);
    await picture("agents-phone");
  });
});

Deno.test("agents page: without the permission to run programs it says what is missing", async () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
  await visit({ config, permissions }, async ({ page, go, picture }) => {
    await go("/agents");
    const alert = page.getByRole("alert");
    await alert.getByText(/SERVICE_UNAVAILABLE/).waitFor();
    await alert.getByText(/Start the server with --allow-run=ps/).waitFor();
    assert.deepEqual(await violations(page), []);
    await picture("agents-without-run");
  });
});
